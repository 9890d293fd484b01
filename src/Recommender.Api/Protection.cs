using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.Extensions.Options;
using Recommender.Access;

namespace Recommender.Api;

/// <summary>Where the keys are kept that cookies, forms, webhook secrets and stored answers are protected with, and what encrypts them.</summary>
static class Protection
{
    /// <summary>Beside the SQLite file, or in SQL Server, so that every replica can read what another protected.</summary>
    public static void AddProtection(this WebApplicationBuilder builder)
    {
        var protection = builder.Services.AddDataProtection().SetApplicationName("recommender");
        builder
            .Services.AddOptions<KeyManagementOptions>()
            .Configure<LiveRecommender, IOptions<RecommenderOptions>, ILoggerFactory>(
                (keys, live, options, logger) =>
                    keys.XmlRepository = options.Value.IsOnServer
                        ? new SharedKeys(live)
                        : new FileSystemXmlRepository(new(Path.GetFullPath(options.Value.DatabaseFile + ".secrets")), logger)
            );
        builder
            .Services.AddOptions<RecommenderOptions>()
            .Validate<IHostEnvironment>(
                (options, environment) =>
                    !environment.IsProduction() || !options.IsOnServer || options.Protection.Certificate.Path is { Length: > 0 },
                "Protection:Certificate:Path is empty; expected a certificate, since in SQL Server the protection keys lie beside what they protect."
            );
        var options = builder.Configuration.GetSection("Protection").Get<RecommenderOptions.ProtectionOptions>() ?? new();
        try
        {
            if (Read(options.Certificate) is { } certificate)
                protection.ProtectKeysWithCertificate(certificate);
            if (options.Previous.Select(Read).OfType<X509Certificate2>().ToArray() is { Length: > 0 } previous)
                protection.UnprotectKeysWithAnyCertificate(previous);
        }
        catch (InvalidDataException e)
        {
            builder.Services.AddOptions<RecommenderOptions>().Validate(_ => false, e.Message);
        }
    }

    /// <summary>The certificate with its key; null if none is named.</summary>
    /// <exception cref="InvalidDataException">It cannot be read, or cannot decrypt.</exception>
    public static X509Certificate2? Read(RecommenderOptions.CertificateOptions options)
    {
        if (options.Path is not { Length: > 0 } path)
            return null;
        X509Certificate2 certificate;
        try
        {
            certificate =
                options.KeyPath is not { Length: > 0 } key ? X509CertificateLoader.LoadPkcs12FromFile(path, options.Password)
                : options.Password is { Length: > 0 } password ? X509Certificate2.CreateFromEncryptedPemFile(path, password, key)
                : X509Certificate2.CreateFromPemFile(path, key);
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new InvalidDataException($"Protection: the certificate {path} cannot be read: {e.Message}", e);
        }
        using var rsa = certificate.GetRSAPrivateKey();
        return rsa is null
            ? throw new InvalidDataException($"Protection: the certificate {path} has no RSA key of its own; expected one.")
            : certificate;
    }

    sealed class SharedKeys(LiveRecommender live) : IXmlRepository
    {
        public IReadOnlyCollection<XElement> GetAllElements() =>
            [.. new ProtectionKeys(live.Store).All().Select(body => XElement.Parse(body))];

        public void StoreElement(XElement element, string friendlyName) =>
            new ProtectionKeys(live.Store).Add(friendlyName, element.ToString(SaveOptions.DisableFormatting));
    }
}

using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.Extensions.Options;
using Recommender.Access;

namespace Recommender.Api;

/// <summary>Where the keys are kept that cookies, forms and webhook secrets are protected with.</summary>
static class Protection
{
    /// <summary>Beside the SQLite file, or in SQL Server, so that every replica can read what another protected.</summary>
    public static void AddProtection(this WebApplicationBuilder builder)
    {
        builder.Services.AddDataProtection().SetApplicationName("recommender");
        builder
            .Services.AddOptions<KeyManagementOptions>()
            .Configure<LiveRecommender, IOptions<RecommenderOptions>, ILoggerFactory>(
                (keys, live, options, logger) =>
                    keys.XmlRepository = options.Value.IsOnServer
                        ? new SharedKeys(live)
                        : new FileSystemXmlRepository(new(Path.GetFullPath(options.Value.Database.Path + ".secrets")), logger)
            );
    }

    sealed class SharedKeys(LiveRecommender live) : IXmlRepository
    {
        public IReadOnlyCollection<XElement> GetAllElements() =>
            [.. new ProtectionKeys(live.Store).All().Select(body => XElement.Parse(body))];

        public void StoreElement(XElement element, string friendlyName) =>
            new ProtectionKeys(live.Store).Add(friendlyName, element.ToString(SaveOptions.DisableFormatting));
    }
}

using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dapper;
using Recommender.Api;
using Recommender.Tests;

namespace Recommender.EndToEnd.Tests;

/// <summary>What every operator of the platform takes for granted.</summary>
public sealed class ConventionsTests : IDisposable
{
    const string Unreachable = "Server=127.0.0.1,1;Database=none;User ID=x;Password=x;Encrypt=false;Connect Timeout=1";
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("ASPNETCORE_URLS", "http://127.0.0.1:{0}", null)]
    [InlineData("ASPNETCORE_HTTP_PORTS", "{0}", null)]
    [InlineData("DOTNET_URLS", "http://127.0.0.1:{0}", null)]
    [InlineData(null, null, "--urls=http://127.0.0.1:{0}")]
    [InlineData("ASPNETCORE_URLS", "http://127.0.0.1:1", "--urls=http://127.0.0.1:{0}")]
    [InlineData("Kestrel__Endpoints__Web__Url", "http://127.0.0.1:{0}", null)]
    public async Task The_service_listens_where_it_is_told_to(string? variable, string? value, string? argument)
    {
        var port = ServiceProcess.FreePort().ToString(System.Globalization.CultureInfo.InvariantCulture);
        using var service = ServiceProcess.StartAt(
            new($"http://127.0.0.1:{port}"),
            variable is null ? [] : [new(variable, value!.Replace("{0}", port, StringComparison.Ordinal))],
            Sample.Root,
            "Development",
            [
                $"--Database:Path={_folder["listens.db"]}",
                "--Demo:Enabled=false",
                "--Models:Path=" + _folder["models"],
                .. argument is null ? [] : (string[])[argument.Replace("{0}", port, StringComparison.Ordinal)],
            ]
        );
        await service.WhenReadyAsync(cancel: TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData("ConnectionStrings__Recommender")]
    [InlineData("Database__ConnectionString")]
    public async Task A_connection_string_stands_under_ConnectionStrings_or_where_it_stood_before(string name)
    {
        using var service = ServiceProcess.StartWith(
            [new(name, Unreachable)],
            Sample.Root,
            "Development",
            "Database:Provider=SqlServer"
        );
        Assert.Equal(1, await service.WhenEndedAsync(TestContext.Current.CancellationToken));
        Assert.DoesNotContain("is empty", service.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Password", service.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ConnectionStrings__Recommender", "Data Source={0}", false)]
    [InlineData("ConnectionStrings__Recommender", "DataSource=\"{0}\";", true)]
    [InlineData("Database__ConnectionString", "filename={0}", false)]
    public async Task A_connection_string_names_the_SQLite_file(string name, string text, bool isPathSaidToo)
    {
        var file = _folder["named.db"];
        using var service = ServiceProcess.StartWith(
            [new(name, text.Replace("{0}", file, StringComparison.Ordinal))],
            Sample.Root,
            "Development",
            [
                "Demo:Enabled=false",
                "Models:Path=" + _folder["models"],
                .. isPathSaidToo ? (string[])["Database:Path=" + file] : [],
            ]
        );
        await service.WhenReadyAsync(cancel: TestContext.Current.CancellationToken);
        Assert.True(File.Exists(file));
    }

    [Theory]
    [InlineData("Data Source=/nowhere/one.db", "/nowhere/two.db", "expected one SQLite file")]
    [InlineData("Data Source=/nowhere/one.db;Mode=ReadOnly", null, "expected Data Source=FILE and nothing else")]
    [InlineData(Unreachable, null, "or Database:Provider=SqlServer")]
    [InlineData("/nowhere/one.db", null, "expected Data Source=FILE and nothing else")]
    public async Task A_connection_string_that_is_not_the_SQLite_file_keeps_the_service_from_starting(
        string text,
        string? path,
        string expected
    )
    {
        using var service = ServiceProcess.StartWith(
            [new("ConnectionStrings__Recommender", text)],
            Sample.Root,
            "Development",
            [.. path is null ? [] : (string[])["Database:Path=" + path]]
        );
        Assert.Equal(1, await service.WhenEndedAsync(TestContext.Current.CancellationToken));
        Assert.Contains(expected, service.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Password", service.Output, StringComparison.Ordinal);
        Assert.Single(service.Output.Trim().Split('\n'));
    }

    [Fact]
    public async Task On_a_shared_server_Production_does_not_start_without_a_certificate_for_the_protection_keys()
    {
        using var without = ServiceProcess.StartWith(
            [new("ConnectionStrings__Recommender", Unreachable)],
            Sample.Root,
            "Production",
            "Database:Provider=SqlServer"
        );
        Assert.Equal(1, await without.WhenEndedAsync(TestContext.Current.CancellationToken));
        Assert.Contains("Protection:Certificate:Path is empty", without.Output, StringComparison.Ordinal);
        File.WriteAllText(_folder["broken.pfx"], "no certificate");
        using var broken = ServiceProcess.StartWith(
            [new("ConnectionStrings__Recommender", Unreachable)],
            Sample.Root,
            "Production",
            "Database:Provider=SqlServer",
            "Protection:Certificate:Path=" + _folder["broken.pfx"]
        );
        Assert.Equal(1, await broken.WhenEndedAsync(TestContext.Current.CancellationToken));
        Assert.Contains("cannot be read", broken.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_a_certificate_no_protection_key_lies_in_clear_and_a_restart_reads_them_again()
    {
        using var rsa = RSA.Create(2048);
        using var certificate = TestDatabase.SelfSigned(rsa);
        File.WriteAllText(_folder["tls.crt"], certificate.ExportCertificatePem());
        File.WriteAllText(_folder["tls.key"], rsa.ExportPkcs8PrivateKeyPem());
        using var service = await Service.StartAsync(
            "Demo:Enabled=false",
            "Protection:Certificate:Path=" + _folder["tls.crt"],
            "Protection:Certificate:KeyPath=" + _folder["tls.key"]
        );
        const string Body = """{"url":"https://example.com/hook"}""";
        var made = await service.PostAsync("/v1/webhooks", Body, ("Idempotency-Key", "c"));
        using var connection = TestDatabase.Store(service.Database).Connect();
        var keys = TestDatabase.HasServer
            ? [.. connection.Query<string>("SELECT body FROM protection_keys")]
            : Directory.GetFiles(service.Database + ".secrets").Select(File.ReadAllText).ToList();
        Assert.NotEmpty(keys);
        foreach (var text in keys)
        {
            Assert.Contains("encryptedSecret", text, StringComparison.Ordinal);
            Assert.DoesNotContain("<value>", text, StringComparison.Ordinal);
        }
        await service.RestartAsync();
        Assert.Equal(made.Text, (await service.PostAsync("/v1/webhooks", Body, ("Idempotency-Key", "c"))).Text);
    }

    [Fact]
    public void A_certificate_that_cannot_decrypt_is_refused()
    {
        using var key = ECDsa.Create();
        using var certificate = new CertificateRequest("CN=recommender", key, HashAlgorithmName.SHA256).CreateSelfSigned(
            TimeProvider.System.GetUtcNow().AddDays(-1),
            TimeProvider.System.GetUtcNow().AddDays(1)
        );
        File.WriteAllBytes(_folder["ec.pfx"], certificate.Export(X509ContentType.Pkcs12));
        var e = Assert.Throws<InvalidDataException>(() => Protection.Read(new() { Path = _folder["ec.pfx"] }));
        Assert.Contains("no RSA key", e.Message, StringComparison.Ordinal);
        Assert.Null(Protection.Read(new()));
    }
}

using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Recommender.EndToEnd.Tests;

/// <summary>The service as a process of its own, on a port of this machine; killed when it is disposed.</summary>
sealed class ServiceProcess : IDisposable
{
    readonly Process _process;
    readonly StringBuilder _output = new();

    ServiceProcess(Process process, Uri address)
    {
        _process = process;
        Client = new() { BaseAddress = address, Timeout = TimeSpan.FromMinutes(5) };
        process.OutputDataReceived += (_, line) => Note(line.Data);
        process.ErrorDataReceived += (_, line) => Note(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public HttpClient Client { get; }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>What it printed so far.</summary>
    public string Output
    {
        get
        {
            lock (_output)
                return _output.ToString();
        }
    }

    /// <summary>Working set, bytes.</summary>
    public long Memory
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    /// <summary>Processor time used so far.</summary>
    public TimeSpan Used
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>Starts it; settings such as Database:Path=x.db come last and win.</summary>
    public static ServiceProcess Start(string root, string environment, params IEnumerable<string> settings) =>
        StartIn(null, root, environment, settings);

    /// <summary>The same with LANG set, such as "th_TH.UTF-8".</summary>
    public static ServiceProcess StartIn(
        string? language,
        string root,
        string environment,
        params IEnumerable<string> settings
    ) => StartWith(language is null ? [] : [new("LANG", language), new("LC_ALL", language)], root, environment, settings);

    /// <summary>The same with further variables of the environment.</summary>
    public static ServiceProcess StartWith(
        IEnumerable<KeyValuePair<string, string?>> variables,
        string root,
        string environment,
        params IEnumerable<string> settings
    )
    {
        var address = new Uri($"http://127.0.0.1:{FreePort()}");
        return StartAt(
            address,
            variables,
            root,
            environment,
            [$"--Urls={address}", .. settings.Select(setting => "--" + setting)]
        );
    }

    /// <summary>The same, told where to listen by whatever the arguments or variables say.</summary>
    public static ServiceProcess StartAt(
        Uri address,
        IEnumerable<KeyValuePair<string, string?>> variables,
        string root,
        string environment,
        params IEnumerable<string> arguments
    )
    {
        var configuration = Path.GetFileName(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = root,
        };
        start.ArgumentList.Add(Path.Combine(root, "artifacts/bin/Recommender.Api", configuration, "Recommender.Api.dll"));
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        start.Environment["ASPNETCORE_ENVIRONMENT"] = environment;
        foreach (var (name, value) in variables)
            start.Environment[name] = value;
        return new(Process.Start(start)!, address);
    }

    /// <summary>Ends when it is ready.</summary>
    /// <exception cref="InvalidOperationException">It ended instead; the message is what it printed.</exception>
    public async Task<ServiceProcess> WhenReadyAsync(TimeSpan? within = null, CancellationToken cancel = default)
    {
        var started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started) < (within ?? TimeSpan.FromMinutes(1)))
        {
            if (_process.HasExited)
                throw new InvalidOperationException($"It ended with {_process.ExitCode}: {Output}");
            try
            {
                using var answer = await Client.GetAsync("/health/ready", cancel);
                if (answer.StatusCode == HttpStatusCode.OK)
                    return this;
            }
            catch (HttpRequestException)
            {
                // It does not listen yet.
            }
            await Task.Delay(20, cancel);
        }
        throw new TimeoutException("Not ready: " + Output);
    }

    /// <summary>Ends it with SIGKILL.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    /// <summary>Asks it to end with SIGTERM.</summary>
    public void Terminate()
    {
        using var kill = Process.Start("sh", ["-c", string.Create(CultureInfo.InvariantCulture, $"kill -TERM {_process.Id}")]);
        kill.WaitForExit();
    }

    /// <summary>Ends when it has ended, with its exit code.</summary>
    public async Task<int> WhenEndedAsync(CancellationToken cancel = default)
    {
        await _process.WaitForExitAsync(cancel);
        return _process.ExitCode;
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    void Note(string? line)
    {
        if (line is null)
            return;
        lock (_output)
            _output.AppendLine(line);
    }

    public void Dispose()
    {
        Client.Dispose();
        if (!_process.HasExited)
            Kill();
        _process.Dispose();
    }
}

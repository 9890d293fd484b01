using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Data.SqlClient;

namespace Recommender.Tests;

/// <summary>
/// The wire between a service and SQL Server, to be cut, held up and written on: passes the packets of the protocol (MS-TDS) on in both
/// directions, unencrypted after the login.
/// </summary>
sealed class SqlWire : IDisposable
{
    const byte TransactionRequest = 0x0E;
    const ushort Commit = 7;
    const int HeadOfPacket = 8;
    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly (string Host, int Port) _server;
    readonly ConcurrentDictionary<Line, byte> _lines = new();
    volatile bool _isDown;
    volatile Fate? _fate;
    volatile Fate? _refusal;
    int _calls;
    int _goodBytes = -1;

    public SqlWire(string connectionString)
    {
        var parts = new SqlConnectionStringBuilder(connectionString);
        var address = parts.DataSource.Replace("tcp:", "", StringComparison.OrdinalIgnoreCase).Split(',');
        _server = (address[0], address.Length > 1 ? int.Parse(address[1], CultureInfo.InvariantCulture) : 1433);
        _listener.Start();
        parts.DataSource = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1,{((IPEndPoint)_listener.LocalEndpoint).Port}");
        (parts.Encrypt, parts.TrustServerCertificate) = (SqlConnectionEncryptOption.Optional, true);
        ConnectionString = parts.ConnectionString;
        _ = AcceptAsync();
    }

    /// <summary>Leads to the server by way of this wire.</summary>
    public string ConnectionString { get; }

    /// <summary>How many connections were made so far.</summary>
    public int Calls => Volatile.Read(ref _calls);

    /// <summary>True while whoever calls is hung up on; whoever was connected is cut off.</summary>
    public bool IsDown
    {
        get => _isDown;
        set
        {
            _isDown = value;
            if (value)
                Cut();
        }
    }

    /// <summary>Answers everybody who logs in with a fault, and cuts off who is connected; until <see cref="LetIn"/>.</summary>
    public void Refuse(int number, byte severity, string message)
    {
        _refusal = new(null, number, severity, message);
        Cut();
    }

    /// <summary>Refuses nobody any more.</summary>
    public void LetIn() => _refusal = null;

    /// <summary>Cuts everybody off who is connected.</summary>
    public void Cut()
    {
        foreach (var line in _lines.Keys)
            line.Dispose();
    }

    /// <summary>Cuts the next one off who commits facts: before the server hears of it, or after it has, and answered.</summary>
    public void CutAtCommit(bool serverHears) => _fate = new(null, 0, 0, "") { ServerHears = serverHears };

    /// <summary>Answers the next request that holds a text with a fault in place of the server, which does not hear of it.</summary>
    public void Fail(string request, int number, byte severity, string message) =>
        _fate = new(request, number, severity, message);

    /// <summary>What the server says next is nonsense after as many bytes, and the last that is heard.</summary>
    public void SpoilAnswerAfter(int bytes) => _goodBytes = bytes;

    async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync();
                Interlocked.Increment(ref _calls);
                if (_isDown)
                {
                    client.Dispose();
                    continue;
                }
                if (_refusal is { } refusal)
                {
                    _ = RefuseAsync(client, refusal);
                    continue;
                }
                var line = new Line(client);
                _lines[line] = 0;
                _ = RunAsync(line);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException) { }
    }

    static async Task RefuseAsync(TcpClient client, Fate refusal)
    {
        // What a server says before the login: its version, and that it does not encrypt.
        byte[] prelogin = [4, 1, 0, 26, 0, 0, 1, 0, 0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xFF, 15, 0, 7, 208, 0, 0, 2];
        using (client)
        {
            try
            {
                var stream = client.GetStream();
                await PacketAsync(stream);
                await stream.WriteAsync(prelogin);
                await PacketAsync(stream);
                await stream.WriteAsync(refusal.Answer());
                // It hangs up itself.
                await PacketAsync(stream);
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException or SocketException) { }
        }
    }

    async Task RunAsync(Line line)
    {
        try
        {
            await line.Server.ConnectAsync(_server.Host, _server.Port);
            await Task.WhenAny(ToServerAsync(line), ToClientAsync(line));
        }
        catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException) { }
        finally
        {
            _lines.TryRemove(line, out _);
            line.Dispose();
        }
    }

    async Task ToServerAsync(Line line)
    {
        var (from, to) = (line.Client.GetStream(), line.Server.GetStream());
        var request = new List<byte[]>();
        try
        {
            while (await PacketAsync(from) is { } packet)
            {
                request.Add(packet);
                // A request may come in several packets; its last says so.
                if (IsPlain(packet) && (packet[1] & 1) == 0)
                    continue;
                var whole = request.SelectMany(one => one).ToArray();
                line.HasWritten |= Holds(whole, "UPDATE change_clock");
                var fate = _fate;
                if (
                    fate is not null
                    && fate.IsMeant(line, request[0], whole)
                    && Interlocked.CompareExchange(ref _fate, null, fate) == fate
                )
                {
                    if (fate.Request is not null)
                    {
                        request.Clear();
                        await from.WriteAsync(fate.Answer());
                        continue;
                    }
                    line.IsDeaf = true;
                    if (fate.ServerHears)
                    {
                        await to.WriteAsync(whole);
                        await line.Heard.Task;
                    }
                    return;
                }
                if (IsCommit(request[0]))
                    line.HasWritten = false;
                request.Clear();
                await to.WriteAsync(whole);
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or SocketException) { }
    }

    async Task ToClientAsync(Line line)
    {
        var buffer = new byte[64 * 1024];
        var (from, to) = (line.Server.GetStream(), line.Client.GetStream());
        try
        {
            while (await from.ReadAsync(buffer) is > 0 and var read)
            {
                if (Interlocked.Exchange(ref _goodBytes, -1) is >= 0 and var good)
                {
                    for (var i = HeadOfPacket + good; i < read; i++)
                        buffer[i] = (byte)(0xFD - i % 3);
                    await to.WriteAsync(buffer.AsMemory(0, read));
                    return;
                }
                if (!line.IsDeaf)
                    await to.WriteAsync(buffer.AsMemory(0, read));
                else
                    line.Heard.TrySetResult();
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or SocketException) { }
        line.Heard.TrySetResult();
    }

    static bool Holds(byte[] request, string text) => request.AsSpan().IndexOf(Encoding.Unicode.GetBytes(text)) >= 0;

    static bool IsCommit(byte[] packet) =>
        packet[0] == TransactionRequest
        && BinaryPrimitives.ReadUInt16LittleEndian(packet.AsSpan(8 + BinaryPrimitives.ReadInt32LittleEndian(packet.AsSpan(8))))
            == Commit;

    /// <summary>False for a record of TLS, which only a login is.</summary>
    static bool IsPlain(byte[] packet) => packet[0] is not (>= 0x14 and <= 0x17);

    static async Task<byte[]?> PacketAsync(NetworkStream from)
    {
        var head = new byte[5];
        if (await from.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false) < head.Length)
            return null;
        var length = IsPlain(head)
            ? BinaryPrimitives.ReadUInt16BigEndian(head.AsSpan(2))
            : 5 + BinaryPrimitives.ReadUInt16BigEndian(head.AsSpan(3));
        var packet = new byte[length];
        head.CopyTo(packet, 0);
        await from.ReadExactlyAsync(packet.AsMemory(head.Length));
        return packet;
    }

    public void Dispose()
    {
        _listener.Dispose();
        Cut();
    }

    /// <summary>What is to become of a request.</summary>
    sealed record Fate(string? Request, int Number, byte Severity, string Message)
    {
        public bool ServerHears { get; init; }

        public bool IsMeant(Line line, byte[] first, byte[] whole)
        {
            return Request is not null ? Holds(whole, Request) : line.HasWritten && IsCommit(first);
        }

        /// <summary>An answer of one packet: an ERROR token and a DONE token.</summary>
        public byte[] Answer()
        {
            var text = Encoding.Unicode.GetBytes(Message);
            var token = new List<byte>();
            token.AddRange(BitConverter.GetBytes(Number));
            token.AddRange([1, Severity]);
            token.AddRange(BitConverter.GetBytes((ushort)Message.Length));
            token.AddRange(text);
            token.AddRange([0, 0]);
            token.AddRange(BitConverter.GetBytes(1));
            List<byte> body = [0xAA, .. BitConverter.GetBytes((ushort)token.Count), .. token];
            body.AddRange([0xFD, 2, 0, 0, 0, .. new byte[8]]);
            var packet = new byte[8 + body.Count];
            (packet[0], packet[1], packet[6]) = (4, 1, 1);
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)packet.Length);
            body.CopyTo(packet, 8);
            return packet;
        }
    }

    sealed class Line(TcpClient client) : IDisposable
    {
        public TcpClient Client { get; } = client;

        public TcpClient Server { get; } = new();

        /// <summary>Facts were written on it.</summary>
        public bool HasWritten { get; set; }

        /// <summary>Nothing that the server says is passed on any more.</summary>
        public volatile bool IsDeaf;

        /// <summary>Ends when the server has said something to one who is deaf.</summary>
        public TaskCompletionSource Heard { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Dispose()
        {
            Client.Dispose();
            Server.Dispose();
        }
    }
}

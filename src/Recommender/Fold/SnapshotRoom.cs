namespace Recommender.Fold;

/// <summary>
/// Where snapshots are kept in memory: pieces that are used again, so that keeping one costs the collector nothing. Not safe for several
/// threads.
/// </summary>
/// <param name="bytes">How much all of them may take.</param>
sealed class SnapshotRoom(long bytes)
{
    /// <summary>The length of a piece, bytes: such that the collector never moves it.</summary>
    public const int PieceLength = 128 * 1024;
    readonly Stack<byte[]> _free = [];
    long _used;

    /// <summary>True if one more piece can be had.</summary>
    bool HasRoom => (_used + 1) * PieceLength <= bytes;

    byte[] Take()
    {
        _used++;
        return _free.TryPop(out var piece) ? piece : GC.AllocateUninitializedArray<byte>(PieceLength);
    }

    void Return(List<byte[]> pieces)
    {
        _used -= pieces.Count;
        foreach (var piece in pieces)
            _free.Push(piece);
        pieces.Clear();
    }

    /// <summary>A stream that is written once, from its start, and read after <see cref="Stream.Position"/> was set back.</summary>
    /// <param name="room">Where it takes its pieces from; they go back when it is disposed of.</param>
    public sealed class Kept(SnapshotRoom room) : Stream
    {
        readonly List<byte[]> _pieces = [];
        long _length;
        long _position;

        /// <summary>Called between two pieces, to rest or to give up.</summary>
        public Action? Rest { get; set; }

        /// <summary>True once the room did not suffice: the rest was left out.</summary>
        public bool IsCut { get; private set; }

        /// <summary>What it takes of the room, bytes.</summary>
        public long Taken => (long)_pieces.Count * PieceLength;

        /// <inheritdoc/>
        public override bool CanRead => true;

        /// <inheritdoc/>
        public override bool CanSeek => true;

        /// <inheritdoc/>
        public override bool CanWrite => true;

        /// <inheritdoc/>
        public override long Length => _length;

        /// <inheritdoc/>
        public override long Position
        {
            get => _position;
            set => _position = value;
        }

        /// <inheritdoc/>
        public override void Write(ReadOnlySpan<byte> buffer)
        {
            while (buffer.Length > 0 && !IsCut)
            {
                var at = (int)(_length % PieceLength);
                if (at == 0)
                {
                    if (!room.HasRoom)
                    {
                        IsCut = true;
                        return;
                    }
                    _pieces.Add(room.Take());
                    Rest?.Invoke();
                }
                var part = Math.Min(buffer.Length, PieceLength - at);
                buffer[..part].CopyTo(_pieces[^1].AsSpan(at));
                _length += part;
                buffer = buffer[part..];
            }
        }

        /// <inheritdoc/>
        public override int Read(Span<byte> buffer)
        {
            var at = (int)(_position % PieceLength);
            if (at == 0)
                Rest?.Invoke();
            var part = (int)Math.Min(Math.Min(buffer.Length, PieceLength - at), _length - _position);
            if (part <= 0)
                return 0;
            _pieces[(int)(_position / PieceLength)].AsSpan(at, part).CopyTo(buffer);
            _position += part;
            return part;
        }

        /// <inheritdoc/>
        public override int ReadByte()
        {
            if (_position >= _length)
                return -1;
            var at = (int)(_position % PieceLength);
            if (at == 0)
                Rest?.Invoke();
            return _pieces[(int)(_position++ / PieceLength)][at];
        }

        /// <inheritdoc/>
        public override void WriteByte(byte value) => Write([value]);

        /// <inheritdoc/>
        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        /// <inheritdoc/>
        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        /// <inheritdoc/>
        public override void Flush() { }

        /// <inheritdoc/>
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        /// <inheritdoc/>
        public override void SetLength(long value) => throw new NotSupportedException();

        /// <inheritdoc/>
        protected override void Dispose(bool disposing)
        {
            room.Return(_pieces);
            base.Dispose(disposing);
        }
    }
}

using System.Text;
using Recommender.Records;

namespace Recommender.Tests.Records;

public sealed class PackedJsonTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(9_000)]
    [InlineData(300_000)]
    public void What_is_packed_comes_out_as_it_was_and_what_is_cut_off_is_refused(int length)
    {
        var json = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("{\"partner_id\":\"P00001\"}", length / 20 + 1)))[
            ..length
        ];
        var packed = PackedJson.Of(json);
        Assert.Equal("br", packed.Encoding);
        Assert.Equal(json, packed.Unpack());
        for (var kept = 0; kept < packed.Bytes.Length; kept++)
            Assert.Throws<InvalidDataException>(() => new PackedJson(packed.Bytes[..kept], "br").Unpack());
        Assert.Throws<InvalidDataException>(() => new PackedJson([1, 2, 3, 255], "br").Unpack());
        Assert.Throws<InvalidDataException>(() => new PackedJson(packed.Bytes, "zip").Unpack());
    }
}

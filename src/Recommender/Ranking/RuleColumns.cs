using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Ranking;

/// <summary>A column that a rule names and nothing has.</summary>
/// <param name="Where">Where the rules name it, a JSON pointer.</param>
/// <param name="Message">What was found and what was expected.</param>
public sealed record UnknownColumn(string Where, string Message);

/// <summary>Columns of accounts and partners as rules name them: those of the contract that hold text and custom ones, whatever the case, blanks and marks of the name.</summary>
public static class RuleColumns
{
    const int MostKept = 10_000;
    const int MostNamed = 12;
    static readonly ConcurrentDictionary<string, string> _keys = new(StringComparer.Ordinal);
    static readonly Dictionary<string, FactColumn> _ofAccounts = Keyed(FactTables.Accounts);
    static readonly Dictionary<string, FactColumn> _ofPartners = Keyed(FactTables.Partners);

    /// <summary>Columns that the rules name and neither the contract nor any known row has: such a rule would protect nothing.</summary>
    public static IReadOnlyList<UnknownColumn> Unknown(RuleSet rules, HistoryState state)
    {
        var unknown = new List<UnknownColumn>();
        var ofAccounts = new Lazy<List<string>>(() => Names(_ofAccounts, state.Accounts.Select(row => row.Attributes)));
        var ofPartners = new Lazy<List<string>>(() =>
            Names(
                _ofPartners,
                state.PartnerStates.Where(partner => partner.Row is not null).Select(partner => partner.Row!.Attributes)
            )
        );
        for (var r = 0; r < rules.Rules.Count; r++)
        {
            var rule = rules.Rules[r];
            foreach (
                var (side, condition, known) in (IEnumerable<(
                    string,
                    IReadOnlyDictionary<string, IReadOnlyList<string>>?,
                    Lazy<List<string>>
                )>)
                    [("accounts", rule.Accounts, ofAccounts), ("partners", rule.Partners, ofPartners)]
            )
            {
                foreach (var name in condition?.Keys ?? [])
                {
                    if (known.Value.Exists(one => one == name || KeyOf(one) == KeyOf(name)))
                        continue;
                    var near = known.Value.Where(one => Headers.IsNearly(one, name)).ToList();
                    var escaped = name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);
                    unknown.Add(
                        new(
                            FormattableString.Invariant($"/rules/{r}/{side}/{escaped}"),
                            $"Rule '{rule.Id}' names the column '{name}', which no row of {side} has; expected {Expected(near.Count > 0 ? near : known.Value)}."
                        )
                    );
                }
            }
        }
        return unknown;
    }

    /// <summary>True if an account, or one that was merged into it, holds any of the values in a column.</summary>
    internal static bool Hold(Account row, Alias[]? merged, string name, IReadOnlyList<string> values) =>
        Find(_ofAccounts, row.Attributes, name, out var own) is { } column
            ? Hold(
                Identifying(column, row.Id.Value, row.Name, row.Domain, row.ExternalId) ?? Columns.Column(row, column.Name),
                values
            ) || HoldMerged(merged, column, values)
            : Hold(own, values);

    /// <summary>True if a partner, or one that was merged into it, holds any of the values in a column.</summary>
    internal static bool Hold(Partner row, Alias[]? merged, string name, IReadOnlyList<string> values) =>
        Find(_ofPartners, row.Attributes, name, out var own) is { } column
            ? Hold(
                Identifying(column, row.Id.Value, row.Name, row.Domain, row.ExternalId) ?? Columns.Column(row, column.Name),
                values
            ) || HoldMerged(merged, column, values)
            : Hold(own, values);

    static bool HoldMerged(Alias[]? merged, FactColumn column, IReadOnlyList<string> values)
    {
        foreach (var old in merged ?? [])
        {
            if (Hold(Identifying(column, old.OldId, old.Name, old.Domain, old.ExternalId), values))
                return true;
        }
        return false;
    }

    /// <summary>What a column holds by which a company is known; null if it is another, or holds nothing.</summary>
    static string? Identifying(FactColumn column, string id, string? name, string? domain, string? externalId) =>
        column.Name switch
        {
            "account_id" or "partner_id" => id,
            "name" => name,
            "domain" => domain,
            "external_id" => externalId,
            _ => null,
        };

    static bool Hold(string? held, IReadOnlyList<string> values)
    {
        foreach (var value in values)
        {
            if (Values.Hold(held, value))
                return true;
        }
        return false;
    }

    /// <summary>The column of the contract that a name means; null if it means a custom one, whose value it then gives.</summary>
    static FactColumn? Find(Dictionary<string, FactColumn> contract, Attributes attributes, string name, out string? own)
    {
        own = null;
        var column = contract.GetValueOrDefault(KeyOf(name));
        if (column?.Name == name || (own = attributes[name]) is null && column is not null)
            return column;
        for (var i = 0; own is null && i < attributes.Names.Count; i++)
        {
            if (KeyOf(attributes.Names[i]) == KeyOf(name))
                own = attributes.Values[i];
        }
        return null;
    }

    static Dictionary<string, FactColumn> Keyed(FactTable table) =>
        table.Columns.Where(column => column.Kind == ColumnKind.Text).ToDictionary(column => KeyOf(column.Name));

    static List<string> Names(Dictionary<string, FactColumn> contract, IEnumerable<Attributes> rows)
    {
        var names = contract.Values.Select(column => column.Name).ToList();
        var seen = new HashSet<object>(ReferenceEqualityComparer.Instance);
        var own = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var row in rows)
        {
            // Rows of one file share their names.
            if (row.Names.Count > 0 && seen.Add(row.Names))
                own.UnionWith(row.Names);
        }
        names.AddRange(own);
        return names;
    }

    static string Expected(List<string> names) =>
        string.Join(", ", names.Take(MostNamed).Select(name => $"'{name}'"))
        + (names.Count > MostNamed ? FormattableString.Invariant($" or one of {names.Count - MostNamed} others") : "");

    /// <summary>Letters, digits and accents of a name, in lower case; the name itself if it has none.</summary>
    static string KeyOf(string name)
    {
        if (_keys.TryGetValue(name, out var known))
            return known;
        var key = new StringBuilder(name.Length);
        foreach (var letter in TextKey.Of(name))
        {
            if (
                char.IsLetterOrDigit(letter)
                || char.IsSurrogate(letter)
                || char.GetUnicodeCategory(letter) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark
            )
                key.Append(letter);
        }
        var made = key.Length == 0 ? name : key.ToString();
        if (_keys.Count < MostKept)
            _keys[name] = made;
        return made;
    }
}

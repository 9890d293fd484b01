using System.Globalization;
using CsCheck;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Tests.History;

namespace Recommender.Tests.Fold;

/// <summary>
/// The fold takes back what it added: whatever was corrected, moved, merged and deleted on the way, in whatever order, it ends as the fold
/// of the rows as they stand, each dated by when it was first known.
/// </summary>
public class CorrectionTests
{
    const int Corrections = 100_000;
    const int OfOneHistory = 200;

    /// <summary>A change of one row: its table, its key and what its columns become; a tenth of them are deletions.</summary>
    internal readonly record struct Change(int Table, int Key, int Account, int Partner, int Deal, int Day, int Pick);

    internal static readonly Gen<Change> Changes = Gen.Select(
        Gen.Int[0, 19],
        Gen.Int[0, 5],
        Gen.Int[0, 2],
        Gen.Int[0, 3],
        Gen.Int[0, 4],
        Gen.Int[0, 1500],
        Gen.Int[0, 59],
        (table, key, account, partner, deal, day, pick) => new Change(table, key, account, partner, deal, day, pick)
    );

    [Fact]
    public void A_history_of_corrections_folds_to_what_its_final_rows_fold_to() =>
        Changes
            .Array[OfOneHistory]
            .Sample(
                changes =>
                {
                    if (Fault(changes) is { } fault)
                        Assert.Fail(Smaller(changes, fault));
                },
                seed: "0000KOIPe402",
                iter: Corrections / OfOneHistory,
                threads: 1
            );

    static string? Fault(IReadOnlyList<Change> changes)
    {
        try
        {
            var world = new World();
            for (var i = 0; i < changes.Count; i++)
            {
                world.Take(changes[i]);
                if (i % 50 == 49 || i == changes.Count - 1)
                    world.Check();
            }
            return null;
        }
        catch (Exception e)
        {
            return e.Message;
        }
    }

    /// <summary>As few of the changes as still show a fault, for a person to look at.</summary>
    static string Smaller(IReadOnlyList<Change> changes, string fault)
    {
        var left = changes.ToList();
        for (var i = left.Count - 1; i >= 0; i--)
        {
            List<Change> fewer = [.. left[..i], .. left[(i + 1)..]];
            if (Fault(fewer) is { } same)
                (left, fault) = (fewer, same);
        }
        return $"{fault}\n{string.Join('\n', left)}";
    }

    /// <summary>Negative control: a fold that forgets to take something back is found out.</summary>
    [Fact]
    public void A_count_that_is_left_behind_is_noticed()
    {
        var world = new World();
        world.Take(new(0, 0, 0, 0, 0, 0, 1));
        world.Take(new(4, 0, 0, 0, 0, 0, 1));
        world.Take(new(7, 0, 0, 1, 0, 10, 1));
        world.Check();
        world.State.AccountStates[0].Engagements++;
        Assert.ThrowsAny<Exception>(world.Check);
    }

    /// <summary>Rows as they stand, and the fold that was told of each change.</summary>
    internal sealed class World
    {
        readonly Dictionary<(FactTable Table, string Key), HistoryRow> _rows = [];
        readonly Dictionary<(FactKind Kind, string Key), DateTime> _known = [];
        readonly Dictionary<(FactKind Kind, string Key), DatedFact> _facts = [];
        readonly HashSet<(FactTable, string)> _changed = [];
        readonly List<DatedFact> _told = [];
        DateTime _now = SmallHistory.At(2000);

        public HistoryState State { get; } = Seen();

        /// <summary>Told each fact before it is applied.</summary>
        public Action<DatedFact>? Telling { get; set; }

        public static FoldSettings Settings { get; } = SmallHistory.Settings.Fold with { PartnerTraits = ["partner_type"] };

        /// <summary>A fold that has met every value of a category once: before, a value has no number yet.</summary>
        static HistoryState Seen()
        {
            var state = new HistoryState(Settings);
            foreach (var value in (string[])["core", "edge", "retail", "energy", "isv", "si"])
                state.Categories.Of(value);
            return state;
        }

        public void Take(Change change)
        {
            var row = RowOf(change);
            // Several changes of one moment now and then, of different rows.
            if (change.Pick % 4 != 0 || !_changed.Add((row.Table, row.Key)))
                Flush();
            _changed.Add((row.Table, row.Key));
            if (change.Pick % 10 == 0)
                Delete(row.Table, row.Key);
            else if (Missing(row).Count == 0)
                Put(row);
        }

        static HistoryRow RowOf(Change c)
        {
            static DateTime At(int day) => SmallHistory.At(day);
            var (account, partner, deal) = ($"a{c.Account}", $"p{c.Partner}", $"o{c.Deal}");
            string? industry = (c.Pick % 4) switch
            {
                0 => null,
                1 => "retail",
                2 => "energy",
                _ => "retail|energy",
            };
            return c.Table switch
            {
                0 or 1 => FactTables.Accounts.Row(
                    ("account_id", account),
                    ("name", $"name {c.Pick}"),
                    ("industry", industry),
                    ("employee_count", c.Pick % 3 == 0 ? null : (double)c.Pick)
                ),
                2 => FactTables.Partners.Row(
                    ("partner_id", partner),
                    ("partner_type", c.Pick % 2 == 0 ? "isv" : "si"),
                    ("joined_at", c.Pick % 5 == 0 ? null : At(c.Day))
                ),
                3 or 4 or 5 or 6 => FactTables.Opportunities.Row(
                    ("opportunity_id", deal),
                    ("account_id", account),
                    ("product", c.Pick % 2 == 0 ? "core" : "edge"),
                    ("owner", c.Pick % 3 == 0 ? null : $"s{c.Pick % 4 / 2}"),
                    ("amount", c.Pick % 7 == 0 ? null : 10.0 * c.Pick),
                    ("created_at", At(c.Day)),
                    ("closed_at", c.Pick % 3 == 0 ? null : At(c.Day + c.Key * 40)),
                    (
                        "outcome",
                        c.Pick % 3 == 1 ? "won"
                        : c.Pick % 6 == 2 ? "lost"
                        : "open"
                    )
                ),
                7 or 8 or 9 or 10 => FactTables.Engagements.Row(
                    ("engagement_id", $"e{c.Key}"),
                    ("opportunity_id", deal),
                    ("partner_id", partner),
                    ("started_at", At(c.Day)),
                    ("ended_at", c.Pick % 3 == 0 ? At(c.Day + c.Key * 300) : null),
                    ("status", c.Pick % 8 == 1 ? "withdrawn" : null)
                ),
                11 => FactTables.OpportunityStages.Row(
                    ("opportunity_id", deal),
                    ("stage", c.Pick % 2 == 0 ? "proposal" : "demo"),
                    ("entered_at", At(c.Key * 10))
                ),
                12 or 13 => FactTables.Touches.Row(
                    ("touch_id", $"t{c.Key}"),
                    ("account_id", c.Pick % 2 == 0 ? account : null),
                    ("opportunity_id", c.Pick % 3 == 0 ? null : deal),
                    ("partner_id", c.Pick % 4 == 3 ? null : partner),
                    ("kind", "call"),
                    ("at", At(c.Day))
                ),
                14 or 15 => FactTables.AccountOverlaps.Row(
                    ("partner_id", partner),
                    ("account_id", account),
                    ("population", c.Pick % 2 == 0 ? "customer" : "prospect"),
                    ("since", At(c.Key % 2 * 100)),
                    ("contact_count", (double)c.Pick),
                    ("until", c.Pick % 3 == 0 ? At(c.Day) : null)
                ),
                16 => FactTables.DealRegistrations.Row(
                    ("registration_id", $"r{c.Key}"),
                    ("partner_id", partner),
                    ("account_id", account),
                    ("product", c.Pick % 3 == 0 ? null : "core"),
                    ("submitted_at", At(c.Day)),
                    (
                        "status",
                        (c.Pick % 5) switch
                        {
                            0 => null,
                            1 => "submitted",
                            2 => "rejected",
                            3 => "expired",
                            _ => "approved",
                        }
                    ),
                    ("decided_at", c.Pick % 4 == 0 ? null : At(c.Day + 3)),
                    ("expires_at", c.Pick % 2 == 0 ? null : At(c.Day + 600))
                ),
                17 => FactTables.Assists.Row(
                    ("assist_id", $"s{c.Key}"),
                    ("partner_id", partner),
                    ("direction", c.Pick % 2 == 0 ? "given" : "received"),
                    ("account_id", c.Pick % 3 == 0 ? null : account),
                    ("at", At(c.Day))
                ),
                18 => FactTables.Certifications.Row(
                    ("partner_id", partner),
                    ("competency", c.Pick % 2 == 0 ? "core" : "edge"),
                    ("earned_at", At(c.Key)),
                    ("expires_at", c.Pick % 3 == 0 ? null : At(c.Day))
                ),
                _ => FactTables.Feedback.Row(
                    ("feedback_id", $"f{c.Key}"),
                    ("partner_id", partner),
                    ("account_id", account),
                    ("opportunity_id", c.Pick % 2 == 0 ? null : deal),
                    ("event", c.Pick % 3 == 0 ? "note" : "declined"),
                    ("at", At(c.Day))
                ),
            };
        }

        /// <summary>What the row names and is not there, as a database with foreign keys sees it. A deal may be known later than what names it.</summary>
        List<string> Missing(HistoryRow row) =>
            [
                .. row
                    .Table.Columns.Where(column => column.References is not null and not "opportunities")
                    .Select(column => (column.References, Id: row.Text(column)))
                    .Where(one => one.Id is not null && !_rows.ContainsKey((FactTables.Find(one.References!)!, one.Id)))
                    .Select(one => one.Id!),
            ];

        void Put(HistoryRow row)
        {
            var before = _rows.GetValueOrDefault((row.Table, row.Key));
            _rows[(row.Table, row.Key)] = row;
            Tell(
                before is null ? [] : Stated(before),
                [.. Stated(row).Select(fact => fact with { SeenAt = _now, AppliedAt = _now })]
            );
        }

        void Delete(FactTable table, string key)
        {
            var named = _rows.Values.Any(row =>
                row.Table.Columns.Any(column => column.References == table.Name && row.Text(column) == key)
            );
            // A deletion has a moment of its own.
            Flush();
            if (!named && _rows.Remove((table, key), out var row))
                Tell(Stated(row), []);
            Flush();
        }

        static List<DatedFact> Stated(HistoryRow row) => row.Facts();

        void Tell(List<DatedFact> before, List<DatedFact> now)
        {
            _told.AddRange(
                now.Select(fact =>
                        fact with
                        {
                            Replaced = before.Where(one => one.Kind == fact.Kind).Select(one => one.Noun).FirstOrDefault(),
                        }
                    )
                    .Concat(
                        before
                            .Where(one => !now.Exists(fact => fact.Kind == one.Kind))
                            .Select(one => one with { SeenAt = _now, AppliedAt = _now, IsRetraction = true })
                    )
            );
        }

        /// <summary>Tells the fold what happened at this moment, and goes on to the next.</summary>
        public void Flush()
        {
            foreach (var fact in _told.Order())
            {
                Telling?.Invoke(fact);
                State.Apply(fact);
                // What was withdrawn is not there; it is known anew once it is not withdrawn any more.
                if (fact.IsRetraction || fact.Noun is Engagement { IsWithdrawn: true })
                {
                    _known.Remove((fact.Kind, fact.Key));
                    _facts.Remove((fact.Kind, fact.Key));
                }
                else
                {
                    _known.TryAdd((fact.Kind, fact.Key), _now);
                    _facts[(fact.Kind, fact.Key)] = fact;
                }
            }
            _told.Clear();
            _changed.Clear();
            _now = _now.AddHours(7);
        }

        public void Check()
        {
            Flush();
            var asOf = _now;
            var fresh = Seen();
            foreach (
                var fact in _facts
                    .Values.Select(fact =>
                        fact with
                        {
                            AppliedAt = _known[(fact.Kind, fact.Key)],
                            // What became of a registration was learned when that was said.
                            SeenAt = fact.Kind == FactKind.RegistrationDecided ? fact.SeenAt : _known[(fact.Kind, fact.Key)],
                            Replaced = null,
                        }
                    )
                    .Order()
            )
                fresh.Apply(fact);
            var (expected, found) = (StateText.Of(fresh, asOf), StateText.Of(State, asOf));
            foreach (var name in expected.Keys.Union(found.Keys))
            {
                var (value, other) = (expected.GetValueOrDefault(name), found.GetValueOrDefault(name));
                Assert.True(
                    value == other
                        || !StateText.IsWhole(name)
                            && Math.Abs(value - other) <= StateText.Tolerance(name) * Math.Max(1, Math.Abs(value)),
                    string.Create(CultureInfo.InvariantCulture, $"{name} is {other:R}; expected {value:R}")
                );
                Assert.False(StateText.IsWhole(name) && other < 0, $"{name} is {other}");
            }
        }
    }
}

using System.Text.Json;
using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Fold;

/// <summary>
/// The fold as bytes and back: what is read is what was written, to the bit, and goes on with further facts as the original would. The
/// index of names is made anew: it finds the same.
/// </summary>
public sealed partial class HistoryState
{
    const int Mark = 0x4E53_4652;
    const int Version = 7;

    /// <summary>False if something in it does not know how to write itself, such as a ledger of a capability.</summary>
    public bool CanBeWritten =>
        Registered().All(one => one.Ledger.IsWritten)
        && _waiting.Values.All(facts => facts.TrueForAll(fact => SnapshotWriter.IsKnown(fact.Noun)));

    /// <summary>Writes everything it holds.</summary>
    /// <exception cref="InvalidOperationException">It cannot be written.</exception>
    public void Write(SnapshotWriter to)
    {
        if (!CanBeWritten)
            throw new InvalidOperationException("A ledger or a fact of this history has no way to be written.");
        to.Write(Mark);
        to.Write(Version);
        to.Write(JsonSerializer.Serialize(Settings));
        to.Write(Facts);
        to.Write(SeenUntil);
        WriteIds(to, Categories);
        WriteIds(to, _opportunities);
        to.All(AccountStates, WriteAccount);
        to.All(PartnerStates, WritePartner);
        to.All(OpportunityStates, WriteDeal);
        foreach (var values in Dimensions)
            to.All(values, WriteValue);
        to.All(_waiting, WriteWaiting);
        Engagements.Write(to);
        Outcomes.Write(to);
        Rates.Write(to);
        Merges.Write(to);
        var registered = Registered().ToList();
        to.Write(registered.Count);
        foreach (var (kind, ledger) in registered)
        {
            to.Write(kind.Name);
            ledger.Write(to);
        }
        to.Write(Mark);
    }

    /// <summary>The history that was written.</summary>
    /// <param name="settings">What it keeps count of.</param>
    /// <param name="from">Where it was written.</param>
    /// <exception cref="InvalidDataException">It is no such history, of another version or of other settings.</exception>
    public static HistoryState Read(FoldSettings settings, SnapshotReader from)
    {
        var state = new HistoryState(settings);
        state.Read(from);
        return state;
    }

    void Read(SnapshotReader from)
    {
        if (from.Whole() != Mark || from.Whole() is not Version)
            throw new InvalidDataException($"No snapshot of version {Version}; expected one.");
        if (from.Text() != JsonSerializer.Serialize(Settings))
            throw new InvalidDataException("The snapshot is of other settings; expected those of the models.");
        (Facts, SeenUntil) = (from.Large(), from.Instant());
        ReadIds(from, Categories);
        ReadIds(from, _opportunities);
        // Deals come after the accounts that name them.
        var newest = new List<(AccountState Account, int Deal, EngagementEntry Entry)>();
        foreach (var account in from.List(from => ReadAccount(from, newest))!)
        {
            _accounts.Of(account.Id.Value);
            AccountStates.Add(account);
        }
        foreach (var partner in from.List(ReadPartner)!)
        {
            _partners.Of(partner.Id.Value);
            PartnerStates.Add(partner);
        }
        OpportunityStates.AddRange(from.List(ReadDeal)!);
        foreach (var (account, deal, entry) in newest)
            account.Newest = new(entry, OpportunityStates[deal]!);
        foreach (var values in Dimensions)
        {
            foreach (var (value, state) in from.List(ReadValue)!)
                values.Add(value, state);
        }
        foreach (var (deal, facts) in from.List(ReadWaiting)!)
            _waiting.Add(deal, facts);
        Engagements.Read(from);
        Outcomes.Read(from);
        Rates.Read(from);
        Merges.Read(from);
        var registered = Registered().ToDictionary(one => one.Kind.Name, one => one.Ledger);
        var count = from.Whole();
        if (count != registered.Count)
            throw new InvalidDataException(
                FormattableString.Invariant($"The snapshot holds {count} ledgers of capabilities; expected {registered.Count}.")
            );
        for (var i = 0; i < count; i++)
        {
            var kind = from.Text()!;
            if (!registered.TryGetValue(kind, out var ledger))
                throw new InvalidDataException($"The snapshot holds a ledger of {kind}, which nothing here folds.");
            ledger.Read(from);
        }
        if (from.Whole() != Mark)
            throw new InvalidDataException("The snapshot does not end where it should.");
        Sellers.CountAll();
        for (var account = 0; account < AccountStates.Count; account++)
        {
            Names.Index(account, AccountStates[account].Row);
            Registrations.Index(account);
        }
        for (var partner = 0; partner < PartnerStates.Count; partner++)
            PartnerNames.Index(partner, PartnerStates[partner].Row);
    }

    IEnumerable<(FactKind Kind, Ledger Ledger)> Registered() =>
        LedgerRegister.All.Where(one => _byKind.ContainsKey(one.Kind)).Select(one => (one.Kind, _byKind[one.Kind]));
}

using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Fold;

/// <summary>Rows of accounts, found by name; a correction of one counts all its deals under the new columns.</summary>
sealed class AccountNames(HistoryState state) : Ledger<Account>
{
    readonly NameIndex _index = new();

    /// <summary>Numbers of the accounts whose name or id holds <paramref name="text"/>.</summary>
    public IEnumerable<int> Find(string text) => _index.Find(text);

    /// <summary>Has an account that was read from a snapshot be found by its row's name.</summary>
    public void Index(int account, Account? row)
    {
        if (row is not null)
            _index.Set(account, row.Name, row.Id.Value);
    }

    protected override void Add(Account row, in DatedFact fact)
    {
        var index = state.AccountIndex(row.Id);
        Index(index, row);
        Count(row, 1);
        Set(
            state.AccountStates[index],
            row,
            state.ValuesOf(Side.Account, name => Columns.Column(row, name), state.Categories.AddAll),
            state.MeasuresOf(Side.Account, name => Columns.Number(row, name))
        );
    }

    protected override void Replace(Account replaced, Account row, in DatedFact fact)
    {
        Count(replaced, -1);
        Add(row, fact);
    }

    void Count(Account row, int times) => state.Companies.Count(row.Id.Value, row.Name, row.Identifiers().Domain, times);

    protected override void Retract(Account row, in DatedFact fact)
    {
        var index = state.AccountIndex(row.Id);
        _index.Remove(index);
        Count(row, -1);
        Set(state.AccountStates[index], null, [], AccountState.NoMeasures(state.Settings.Measures.Count));
    }

    void Set(AccountState account, Account? row, int[][] values, double[] measures)
    {
        account.Row = row;
        if (account.LastDeal < 0 || Pipeline.AreSame(account.Values, values) && account.Measures.AsSpan().SequenceEqual(measures))
        {
            (account.Values, account.Measures) = (values, measures);
            return;
        }
        foreach (var deal in state.DealsOf(account))
            state.CountDeal(deal, -1);
        (account.Values, account.Measures) = (values, measures);
        foreach (var deal in state.DealsOf(account))
            state.CountDeal(deal, 1);
    }
}

/// <summary>Rows of partners, found by name.</summary>
sealed class PartnerNames(HistoryState state) : Ledger<Partner>
{
    readonly NameIndex _index = new();

    /// <summary>Numbers of the partners whose name or id holds <paramref name="text"/>.</summary>
    public IEnumerable<int> Find(string text) => _index.Find(text);

    /// <summary>Has a partner that was read from a snapshot be found by its row's name.</summary>
    public void Index(int partner, Partner? row)
    {
        if (row is not null)
            _index.Set(partner, row.Name, row.Id.Value);
    }

    protected override void Add(Partner row, in DatedFact fact)
    {
        var partner = state.Partner(row.Id);
        Index(state.IndexOfPartner(row.Id), row);
        partner.Row = row;
        partner.Traits = [.. state.Settings.PartnerTraits.Select(trait => state.Categories.AddAll(Columns.Column(row, trait)))];
        partner.Numbers = Columns.MeasuresOf(row, state.Settings);
    }

    protected override void Replace(Partner replaced, Partner row, in DatedFact fact) => Add(row, fact);

    protected override void Retract(Partner row, in DatedFact fact)
    {
        var partner = state.Partner(row.Id);
        _index.Remove(state.IndexOfPartner(row.Id));
        (partner.Row, partner.Traits, partner.Numbers) = (null, [], []);
    }
}

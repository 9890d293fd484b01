using Recommender.CoSell;

namespace Recommender.Matching;

/// <summary>Finds the accounts that a company may be. Not for several threads.</summary>
sealed class CompanySearch(CompanyIndex index)
{
    const int MostOfBlock = 60;
    const int MostCandidates = 200;
    readonly int[] _taken = new int[index.Companies.Count];
    readonly List<ArraySegment<int>> _blocks = [];
    int _round;

    /// <summary>The accounts that a company may be, each once.</summary>
    /// <param name="company">Of either side.</param>
    /// <param name="found">Emptied and filled.</param>
    public void Find(Company company, List<int> found)
    {
        found.Clear();
        _round++;
        foreach (var domain in company.Domains)
        {
            Take(index.HavingDomain(domain), MostCandidates, found);
            Take(index.HavingLabel(PublicSuffixes.LabelOf(domain)), MostOfBlock, found);
        }
        if (company.Name is not { } name)
            return;
        Take(index.Namesakes(name.Core), MostCandidates, found);
        if ((name.Initials ?? (name.Words.Length == 1 ? name.Core : null)) is { } initials)
            Take(index.HavingInitials(initials), MostOfBlock, found);
        _blocks.Clear();
        for (var i = 0; i < name.Words.Length; i++)
        {
            if (index.HavingWord(name.Words[i]) is { Count: > 0 } having)
                _blocks.Add(having);
            if (name.IsGeneral[i] || index.IsGeneral(name.Words[i]))
                continue;
            foreach (var near in index.NearTo(name.Words[i]))
                _blocks.Add(index.HavingWord(near));
        }
        _blocks.Sort((x, y) => x.Count.CompareTo(y.Count));
        for (var b = 0; b < _blocks.Count && found.Count < MostCandidates; b++)
        {
            if (_blocks[b].Count <= MostOfBlock)
                Take(_blocks[b], MostOfBlock, found);
            else if (b + 1 < _blocks.Count && _blocks[b].Count <= 50 * MostOfBlock)
                TakeBoth(_blocks[b], _blocks[b + 1], found);
        }
    }

    void TakeBoth(ArraySegment<int> few, ArraySegment<int> many, List<int> found)
    {
        var (i, j, taken) = (0, 0, 0);
        while (i < few.Count && j < many.Count && taken < MostOfBlock)
        {
            if (few[i] == many[j])
            {
                taken += Take(few[i], found) ? 1 : 0;
                i++;
                j++;
            }
            else if (few[i] < many[j])
                i++;
            else
                j++;
        }
    }

    void Take(ArraySegment<int> block, int most, List<int> found)
    {
        if (block.Count > most)
            return;
        foreach (var account in block)
            Take(account, found);
    }

    bool Take(int account, List<int> found)
    {
        if (_taken[account] == _round)
            return false;
        _taken[account] = _round;
        found.Add(account);
        return true;
    }
}

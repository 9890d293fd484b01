using Recommender.CoSell;

namespace Recommender.Capabilities.Mapping.Matching;

/// <summary>
/// Our accounts, found by what a record has in common with them, so that each record is compared with few: a domain, a name, a word that
/// tells or nearly that word, first letters.
/// </summary>
sealed class CompanyIndex
{
    const double GeneralFrom = 0.005;
    const int GeneralAtLeast = 20;
    readonly Dictionary<string, List<int>> _byDomain = [];
    readonly Dictionary<string, List<int>> _byLabel = [];
    readonly Dictionary<string, List<int>> _byCore = [];
    readonly Dictionary<string, List<int>> _byWord = [];
    readonly Dictionary<string, List<int>> _byInitials = [];
    readonly Dictionary<string, List<string>> _byDeletion = [];
    readonly HashSet<string> _general = [];

    /// <summary>Takes the accounts in; several of one id are names and domains that it had.</summary>
    public CompanyIndex(IReadOnlyList<Company> companies)
    {
        Companies = companies;
        for (var i = 0; i < companies.Count; i++)
        {
            var company = companies[i];
            foreach (var domain in company.Domains)
            {
                Add(_byDomain, domain, i);
                if (PublicSuffixes.LabelOf(domain) is { Length: > 3 } label)
                    Add(_byLabel, label, i);
            }
            if (company.Name is not { } name)
                continue;
            Add(_byCore, name.Core, i);
            foreach (var word in name.Words)
                Add(_byWord, word, i);
            if (name.Initials is { } initials)
                Add(_byInitials, initials, i);
            else if (name.Words.Length == 1 && name.Core.Length is > 2 and < 7)
                Add(_byInitials, name.Core, i);
        }
        foreach (var (word, having) in _byWord)
        {
            if (having.Count >= GeneralAtLeast && having.Count > GeneralFrom * companies.Count)
                _general.Add(word);
            foreach (var deletion in Deletions(word))
            {
                if (!_byDeletion.TryGetValue(deletion, out var words))
                    _byDeletion.Add(deletion, words = new(1));
                words.Add(word);
            }
        }
    }

    /// <summary>The accounts.</summary>
    public IReadOnlyList<Company> Companies { get; }

    /// <summary>How many have a domain.</summary>
    public int WithDomain(string domain) => CountOf(_byDomain, domain);

    /// <summary>How many have a label before any public suffix.</summary>
    public int WithLabel(string label) => CountOf(_byLabel, label);

    /// <summary>Those whose names are the same but for the legal form.</summary>
    public IReadOnlyList<int> Namesakes(string core) => _byCore.GetValueOrDefault(core) ?? [];

    /// <summary>How many accounts have each name.</summary>
    public IEnumerable<List<int>> ByName => _byCore.Values;

    /// <summary>True if many names have the word.</summary>
    public bool IsGeneral(string word) => _general.Contains(word) || GeneralWords.Of(word) is not null;

    /// <summary>Share of the accounts whose name has the word.</summary>
    public double ShareOf(string word) => CountOf(_byWord, word) / (double)Math.Max(1, Companies.Count);

    /// <summary>Those that have a domain; null if none has.</summary>
    public IReadOnlyList<int>? HavingDomain(string domain) => _byDomain.GetValueOrDefault(domain);

    /// <summary>Those that have a label before any public suffix; null if none has.</summary>
    public IReadOnlyList<int>? HavingLabel(string label) => _byLabel.GetValueOrDefault(label);

    /// <summary>Those whose names have a word, or a name of several words written so; null if none has.</summary>
    public List<int>? HavingWord(string word) => _byWord.GetValueOrDefault(word);

    /// <summary>Those whose names begin with such letters, or are them; null if there are none.</summary>
    public IReadOnlyList<int>? HavingInitials(string initials) => _byInitials.GetValueOrDefault(initials);

    /// <summary>Words of the accounts from which one differs by a letter more, less, other, or two swapped.</summary>
    public IEnumerable<string> NearTo(string word)
    {
        HashSet<string>? seen = null;
        foreach (var deletion in Deletions(word))
        {
            if (!_byDeletion.TryGetValue(deletion, out var words))
                continue;
            foreach (var near in words)
            {
                if (near != word && (seen ??= []).Add(near) && NameComparison.AreNearly(near, word))
                    yield return near;
            }
        }
    }

    /// <summary>The word, and the word without each of its letters (Garbe, SymSpell); nothing of a short one, or one with digits.</summary>
    static IEnumerable<string> Deletions(string word)
    {
        if (word.Length is < 4 or > 40 || GeneralWords.Of(word) is not null)
            yield break;
        yield return word;
        for (var i = 0; i < word.Length; i++)
        {
            if (i == 0 || word[i] != word[i - 1])
                yield return word.Remove(i, 1);
        }
    }

    static int CountOf(Dictionary<string, List<int>> block, string key) =>
        block.TryGetValue(key, out var having) ? having.Count : 0;

    static void Add(Dictionary<string, List<int>> block, string key, int company)
    {
        if (!block.TryGetValue(key, out var having))
            block.Add(key, having = new(1));
        if (having.Count == 0 || having[^1] != company)
            having.Add(company);
    }
}

using System.Runtime.InteropServices;
using Recommender.CoSell;

namespace Recommender.Matching;

/// <summary>
/// Our accounts, found by what a record has in common with them, so that each record is compared with few: a domain, a name, a word that
/// tells or nearly that word, first letters.
/// </summary>
sealed class CompanyIndex
{
    const double GeneralFrom = 0.005;
    const int GeneralAtLeast = 20;
    readonly Blocks _byDomain = new();
    readonly Blocks _byLabel = new();
    readonly Blocks _byCore = new();
    readonly Blocks _byWord = new();
    readonly Blocks _byInitials = new();
    readonly Dictionary<int, int> _byDeletion = [];
    readonly List<(string Word, int Next)> _deletions = [];
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
                _byDomain.Add(domain, i);
                if (PublicSuffixes.LabelOf(domain) is { Length: > 3 } label)
                    _byLabel.Add(label, i);
            }
            if (company.Name is not { } name)
                continue;
            _byCore.Add(name.Core, i);
            foreach (var word in name.Words)
                _byWord.Add(word, i);
            if (name.Initials is { } initials)
                _byInitials.Add(initials, i);
            else if (name.Words.Length == 1 && name.Core.Length is > 2 and < 7)
                _byInitials.Add(name.Core, i);
        }
        foreach (var blocks in (Blocks[])[_byDomain, _byLabel, _byCore, _byWord, _byInitials])
            blocks.Freeze();
        foreach (var word in _byWord.Keys)
        {
            var having = _byWord.Of(word).Count;
            if (having >= GeneralAtLeast && having > GeneralFrom * companies.Count)
                _general.Add(word);
            foreach (var deletion in Deletions(word))
            {
                ref var first = ref CollectionsMarshal.GetValueRefOrAddDefault(_byDeletion, deletion, out var isThere);
                _deletions.Add((word, isThere ? first : -1));
                first = _deletions.Count - 1;
            }
        }
    }

    /// <summary>The accounts.</summary>
    public IReadOnlyList<Company> Companies { get; }

    /// <summary>Those whose names are the same but for the legal form.</summary>
    public ArraySegment<int> Namesakes(string core) => _byCore.Of(core);

    /// <summary>Those that have each name.</summary>
    public IEnumerable<ArraySegment<int>> ByName => _byCore.All;

    /// <summary>True if many names have the word.</summary>
    public bool IsGeneral(string word) => _general.Contains(word) || GeneralWords.Of(word) is not null;

    /// <summary>Those that have a domain.</summary>
    public ArraySegment<int> HavingDomain(string domain) => _byDomain.Of(domain);

    /// <summary>Those that have a label before any public suffix.</summary>
    public ArraySegment<int> HavingLabel(string label) => _byLabel.Of(label);

    /// <summary>Those whose names have a word.</summary>
    public ArraySegment<int> HavingWord(string word) => _byWord.Of(word);

    /// <summary>Those whose names begin with such letters, or are them.</summary>
    public ArraySegment<int> HavingInitials(string initials) => _byInitials.Of(initials);

    /// <summary>Words of the accounts from which one differs by a letter more, less, other, or two swapped.</summary>
    public IEnumerable<string> NearTo(string word)
    {
        HashSet<string>? seen = null;
        foreach (var deletion in Deletions(word))
        {
            if (!_byDeletion.TryGetValue(deletion, out var at))
                continue;
            for (; at >= 0; at = _deletions[at].Next)
            {
                var near = _deletions[at].Word;
                if (near != word && (seen ??= []).Add(near) && NameComparison.AreNearly(near, word))
                    yield return near;
            }
        }
    }

    /// <summary>Hashes of the word, and of the word without each of its letters (Garbe, SymSpell); none of a short one.</summary>
    static IEnumerable<int> Deletions(string word)
    {
        if (word.Length is < 4 or > 40 || GeneralWords.Of(word) is not null)
            yield break;
        for (var without = -1; without < word.Length; without++)
        {
            if (without < 1 || word[without] != word[without - 1])
                yield return HashOf(word, without);
        }
    }

    static int HashOf(string word, int without)
    {
        var hash = 5381;
        for (var i = 0; i < word.Length; i++)
        {
            if (i != without)
                hash = unchecked(hash * 31 + word[i]);
        }
        return hash;
    }
}

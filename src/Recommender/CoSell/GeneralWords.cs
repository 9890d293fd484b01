namespace Recommender.CoSell;

/// <summary>Words that many names have, which tell companies little apart, and the one spelling that stands for all of each.</summary>
static class GeneralWords
{
    const string Spellings = """
        agency: agencies agentur
        air: airlines airways airline
        alliance:
        american: america
        associate: associates associated association assoc assn
        automotive: auto
        bank: banking banque banco banca
        brother: brothers bros
        business: biz
        capital:
        care:
        center: centre centers centres ctr zentrum centro
        central:
        chemical: chemicals chem chemie chimie
        cloud:
        commercial:
        communication: communications comm comms
        construction: constructions bau construcciones
        consulting: consultants consultancy consult consultant
        data:
        design: designs
        development: developments dev
        digital:
        direct:
        distribution: distributors dist
        electric: electrical elektro electricite electrica
        electronic: electronics elektronik elettronica electronica
        energy: energie energia energies
        engineering: eng engineers ingenieure
        enterprise: enterprises
        equipment: equip
        europe: european europa
        express:
        federal: fed
        finance: financial fin financials
        first: 1st
        food: foods
        foundation: stiftung
        gas:
        general: gen
        global: globe worldwide
        group: grp gruppe groupe gruppo grupo gr
        health: healthcare
        holding: holdings hldg hldgs
        home:
        hospital: hosp hospitals
        hotel: hotels
        industry: industries industrie industrial ind industria industrias indus
        information: info
        innovation: innovations
        institute: institut inst institution
        insurance: ins versicherung assurance seguros
        integrated:
        international: intl internacional internationale int internazionale
        investment: investments invest
        it:
        lab: labs laboratory laboratories laboratorium labor
        land:
        logistic: logistics logistik logistica logistique lgstcs
        management: mgmt mgt
        manufacturing: mfg manufacturers manufacturer manuf
        marketing: mktg
        material: materials
        media:
        medical: med
        metal: metals
        mobile:
        national: natl nat nationale nacional
        network: networks netzwerk net
        north: northern
        oil:
        online: web internet
        operation: operations ops
        organization: organisation org
        partner: partners
        pharmaceutical: pharmaceuticals pharma pharm
        plastic: plastics
        post:
        power:
        product: products prod produkte produits
        production: productions
        professional: pro
        project: projects
        property: properties
        public:
        radio:
        rail: railways railway
        research:
        resource: resources
        retail:
        school: schools schule
        security: sec
        service: services svc svcs servicios servizi serv
        shop: store stores shops
        software: sw
        solution: solutions soln solns losungen
        south: southern
        state:
        steel:
        supply: supplies
        system: systems sys systeme sistemas sistemi systemes
        team:
        tech: technology technologies technologie technologien technical tec tecnologia technik
        telecom: telecommunications tele telekom telecommunication
        trade: trading trader traders
        trans: transport transportation transports
        travel:
        trust:
        union:
        united:
        university: univ universitat universite universidad
        utility: utilities
        venture: ventures
        west: western
        world:
        works: werke
        east: eastern
        com:
        de:
        """;
    static readonly HashSet<string> _unsaid =
    [
        "the",
        "and",
        "of",
        "und",
        "et",
        "y",
        "for",
        "der",
        "die",
        "das",
        "la",
        "le",
        "les",
    ];
    static readonly HashSet<string> _neutral = ["group", "holding", "international", "global", "enterprise", "world", "com"];
    static readonly Dictionary<string, string> _words = Read();

    /// <summary>True for articles and conjunctions, which a name may have or leave out.</summary>
    public static bool IsUnsaid(string word) => _unsaid.Contains(word);

    /// <summary>True for words that say nothing of what a company does, as <see cref="Of"/> spells them.</summary>
    public static bool IsNeutral(string word) => _neutral.Contains(word);

    /// <summary>The spelling that stands for all of a general word; null if the word is none.</summary>
    public static string? Of(string word) => _words.GetValueOrDefault(word);

    static Dictionary<string, string> Read()
    {
        var words = new Dictionary<string, string>();
        foreach (var line in Spellings.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            words.Add(line[..colon], line[..colon]);
            foreach (var spelling in line[(colon + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries))
                words.TryAdd(spelling, line[..colon]);
        }
        return words;
    }
}

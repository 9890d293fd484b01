namespace Recommender.CoSell;

/// <summary>
/// What companies of the thirty largest economies call their legal form, folded to ASCII: each line one form, spelt in the ways that its
/// countries spell it. What is spelt alike in several countries is one form.
/// </summary>
static class LegalForms
{
    const string Spellings = """
        inc: inc, incorporated
        corp: corp, corporation, corporacion
        co: co, company, and co, and company, cie, et cie, and cie, compagnie
        ltd: ltd, limited, co ltd, co limited, company limited, pvt ltd, private limited, pvt limited, private ltd, pte ltd, pte limited, pty ltd, pty limited, proprietary limited, p ltd, ltda, limitada, lda, ltee, ltd sti, limited sirketi, ltd co, youxian gongsi
        llc: llc, l l c, limited liability company, pllc, fz llc, lc
        llp: llp, limited liability partnership, lllp
        lp: lp, limited partnership
        pc: pc, professional corporation
        plc: plc, public limited company, pcl, public company limited, plc ltd
        dac: dac, designated activity company
        gmbh: gmbh, mbh, g m b h, gesellschaft mit beschrankter haftung, gesmbh, ges m b h, ggmbh
        gmbhkg: gmbh and co kg, gmbh co kg, gmbh and cokg, ag and co kg, se and co kg, gmbh and co kgaa, ag and co kgaa, ug and co kg, gmbh and co ohg, gmbh und co kg
        ag: ag, aktiengesellschaft, a g
        kg: kg, kommanditgesellschaft, k g, kgaa, and co kg
        ohg: ohg, o h g, gbr
        ug: ug, ug haftungsbeschrankt, unternehmergesellschaft
        ek: ek, e k, e kfm, eingetragener kaufmann
        ev: ev, e v
        eg: eg, e g, eingetragene genossenschaft
        se: se, societas europaea
        sa: sa, s a, societe anonyme, sociedad anonima, sociedade anonima, sau, s a u
        sas: sas, s a s, sasu, societe par actions simplifiee
        sarl: sarl, s a r l, eurl, societe a responsabilite limitee, sprl, bvba, gcv
        snc: snc, s n c, scs, sca, sci, gie
        spa: spa, s p a, societa per azioni
        srl: srl, s r l, srls, societa a responsabilita limitata, sociedad de responsabilidad limitada, s de rl, s de r l
        sl: sl, s l, slu, s l u, sociedad limitada
        sadecv: sa de cv, s a de c v, sab de cv, s a b de c v, sapi de cv, s a p i de c v
        srldecv: s de rl de cv, s de r l de c v, srl de cv
        bv: bv, b v, besloten vennootschap
        nv: nv, n v, naamloze vennootschap
        vof: vof, v o f, cv, maatschap
        ab: ab, a b, aktiebolag, ab publ
        hb: hb, handelsbolag, kb
        as: as, a s, asa, aksjeselskap, aktieselskab, aksjeselskapet, anonim sirketi, akciova spolecnost, anonim ortakligi, a s a
        aps: aps, ap s, anpartsselskab, ivs
        oy: oy, oyj, osakeyhtio, oy ab
        spzoo: sp z oo, sp zoo, sp z o o, spolka z oo, spolka z o o, spolka z ograniczona odpowiedzialnoscia, spzoo
        sro: sro, s r o, spol s ro, spol s r o
        doo: doo, d o o, dd, d d
        kft: kft, korlatolt felelossegu tarsasag
        rt: zrt, nyrt, rt
        ooo: ooo, obschestvo s ogranichennoy otvetstvennostyu, tov, tzov
        ao: ao, oao, zao, pao, publichnoe aktsionernoe obschestvo
        kk: kk, k k, kabushiki kaisha, kabushiki gaisha, kabushikikaisha, kabushikigaisha
        gk: gk, g k, godo kaisha, goudou gaisha, yk, yugen kaisha
        jusik: jusik, jusikhoesa, chusik hoesa
        bhd: bhd, sdn bhd, berhad, sendirian berhad
        pt: pt, tbk, perseroan terbatas
        jsc: jsc, joint stock company, pjsc, cjsc, ojsc, qsc, sae, saog, saoc
        tnhh: tnhh, cong ty tnhh, cong ty co phan, cong ty
        fze: fze, fzco, fzc, wll, w l l, spc
        eireli: eireli, epp
        cc: cc
        """;

    // Written in their own letters, before these are put into Latin ones.
    static readonly (string Own, string Latin)[] _own =
    [
        ("株式会社", " kabushiki kaisha "),
        ("(株)", " kabushiki kaisha "),
        ("（株）", " kabushiki kaisha "),
        ("㈱", " kabushiki kaisha "),
        ("合同会社", " godo kaisha "),
        ("有限会社", " godo kaisha "),
        ("股份有限公司", " ltd "),
        ("有限责任公司", " ltd "),
        ("有限責任公司", " ltd "),
        ("有限公司", " ltd "),
        ("주식회사", " jusik "),
        ("(주)", " jusik "),
        ("㈜", " jusik "),
        ("유한회사", " jusik "),
        ("בע\"מ", " ltd "),
        ("בע״מ", " ltd "),
    ];

    // May stand before the name, too, where nothing stands behind it.
    static readonly HashSet<string> _leading =
    [
        "kabushiki kaisha",
        "godo kaisha",
        "yugen kaisha",
        "jusik",
        "pt",
        "ooo",
        "oao",
        "zao",
        "pao",
        "tov",
        "cong ty tnhh",
        "cong ty co phan",
        "cong ty",
        "obschestvo s ogranichennoy otvetstvennostyu",
    ];
    static readonly Dictionary<string, string> _forms = Read();
    static readonly HashSet<string> _last = [.. _forms.Keys.Select(spelling => spelling[(spelling.LastIndexOf(' ') + 1)..])];
    static readonly HashSet<string> _first = [.. _leading.Select(spelling => spelling.Split(' ')[0])];
    static readonly int _longest = _forms.Keys.Max(spelling => spelling.Count(c => c == ' ') + 1);

    /// <summary>A name with the forms that stand in letters other than Latin ones put into these.</summary>
    public static string WithLatinForms(string name)
    {
        foreach (var (own, latin) in _own)
            name = name.Replace(own, latin, StringComparison.Ordinal);
        return name;
    }

    /// <summary>Takes the legal form off the words of a name, at its end or, where that is the custom, at its start.</summary>
    /// <returns>The form as the table calls it; null if there is none.</returns>
    public static string? Strip(List<string> words)
    {
        string? form = null;
        while (End(words) is { } end)
        {
            words.RemoveRange(words.Count - end.Length, end.Length);
            form ??= end.Form;
        }
        if (Start(words) is { } start && (form is null || form == start.Form))
        {
            words.RemoveRange(0, start.Length);
            form = start.Form;
        }
        return form;
    }

    static (string Form, int Length)? End(List<string> words)
    {
        if (words.Count < 2 || !_last.Contains(words[^1]))
            return null;
        for (var length = Math.Min(_longest, words.Count - 1); length > 0; length--)
        {
            if (_forms.TryGetValue(string.Join(' ', words.GetRange(words.Count - length, length)), out var form))
                return (form, length);
        }
        return null;
    }

    static (string Form, int Length)? Start(List<string> words)
    {
        if (words.Count < 2 || !_first.Contains(words[0]))
            return null;
        for (var length = Math.Min(_longest, words.Count - 1); length > 0; length--)
        {
            var first = string.Join(' ', words.GetRange(0, length));
            if (_leading.Contains(first) && _forms.TryGetValue(first, out var form))
                return (form, length);
        }
        return null;
    }

    static Dictionary<string, string> Read()
    {
        var forms = new Dictionary<string, string>();
        foreach (var line in Spellings.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            foreach (var spelling in line[(colon + 1)..].Split(',', StringSplitOptions.TrimEntries))
                forms.TryAdd(spelling, line[..colon]);
        }
        return forms;
    }
}

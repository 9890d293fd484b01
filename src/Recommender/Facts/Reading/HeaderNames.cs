namespace Recommender.Facts;

/// <summary>What people and CRMs call columns of the contract, in several languages: letters and digits in lower case, without accents.</summary>
static class HeaderNames
{
    static readonly Dictionary<string, HashSet<string>> _names = new()
    {
        ["account_id"] = Of("accountidentifier companyid customerid"),
        ["partner_id"] = Of("partneridentifier partneraccountid"),
        ["opportunity_id"] = Of("dealid opportunityidentifier opportunity"),
        ["amount"] = Of(
            """
            dealamount dealvalue dealsize value opportunityamount estrevenue estimatedrevenue totalamount total totalvalue
            contractvalue totalcontractvalue tcv acv amt netamount salesamount revenue
            betrag auftragswert auftragsvolumen montant valeur importe monto importo valor bedrag belopp belob kwota
            金額 金额 売上金額 商談金額
            """
        ),
        ["closed_at"] = Of(
            """
            closedate closeddate closed closedon closetime closedtime closingdate dateclosed actualclosedate actualclose realclosedate
            enddate wondate wonat wonon datewon lostdate wonlostdate completedat completedon completiondate
            abschlussdatum geschlossenam abgeschlossenam datedecloture datecloture fechadecierre fechacierre datadichiusura datachiusura
            datadefechamento datafechamento sluitdatum afsluitdatum stangdatum lukkedato 完了日 成約日 クローズ日
            """
        ),
        ["created_at"] = Of(
            """
            createdate createddate created createdon creationdate datecreated dateofcreation opendate openedon
            erstelltam erstellt anlagedatum datedecreation datecreation fechadecreacion datacreazione datadecriacao aanmaakdatum 作成日
            """
        ),
        ["currency"] = Of("curr wahrung waehrung wahrungscode devise moneda divisa valuta valutacode moeda waluta 通貨 货币"),
        ["decided_at"] = Of(
            "approvaldate approvedat approvedon approvaltime dateapproved decisiondate decidedon decided genehmigtam datededecision"
        ),
        ["domain"] = Of("website companydomain companydomainname domainname url web webaddress homepage webseite"),
        ["ended_at"] = Of(
            """
            enddate ended endedon end endsat endson finishdate finishedat finishedon removedat removedon leftat lefton until validto
            effectiveend effectiveto completedat enddatum datedefin datefin fechafin datafine
            """
        ),
        ["entered_at"] = Of("dateentered enteredon stagedate stagechangedat changedat"),
        ["expected_close_at"] = Of(
            """
            expectedclosedate expectedclose expectedclosingdate estclosedate estimatedclosedate plannedclosedate targetclosedate
            forecastclosedate erwartetesabschlussdatum geplanterabschluss
            """
        ),
        ["expires_at"] = Of(
            """
            expires expireson expiry expirydate expiration expirationdate validuntil validto validthrough validtill until
            enddate endsat endson protectionend protectionenddate protecteduntil
            ablaufdatum ablauf gultigbis gueltigbis datedexpiration dateexpiration fechadevencimiento vencimiento scadenza
            """
        ),
        ["joined_at"] = Of(
            """
            joindate joined joinedon datejoined partnersince membersince onboardedat onboardedon onboardingdate startdate startedat
            createdat createdate createddate createdon partnerseit beitrittsdatum
            """
        ),
        ["outcome"] = Of(
            """
            result dealresult dealstatus status statuscode statecode opportunitystatus closestatus dealoutcome
            won iswon closedwon isclosedwon hsisclosedwon isclosed isclosedlost wonlost wonorlost winloss
            ergebnis resultat resultado risultato esito resultaat statut estado stato
            """
        ),
        ["recorded_at"] = Of("recorded recordedon recordeddate"),
        ["since"] = Of("sincedate from validfrom startdate"),
        ["started_at"] = Of("startdate started startedon start begindate effectivestart effectivefrom startdatum"),
        ["status"] = Of(
            "state statuscode registrationstatus regstatus requeststatus approvalstatus approval decision engagementstatus partnerstatus"
        ),
        ["submitted_at"] = Of("submitteddate submissiondate submittedon datesubmitted registrationdate registeredat requestedat"),
        ["until"] = Of(
            "untildate enddate end endedat endson to validuntil validto validthrough expires expiresat expireson removedat gultigbis gueltigbis"
        ),
    };

    /// <summary>True if a column is called so, too.</summary>
    /// <param name="column">Of the contract.</param>
    /// <param name="plain">A name as <see cref="Headers.Plain"/> has it.</param>
    public static bool IsOf(string column, string plain) =>
        _names.TryGetValue(column, out var names) && names.Contains(plain)
        || column == "amount"
            && (plain.StartsWith("amount", StringComparison.Ordinal) || plain.StartsWith("dealamount", StringComparison.Ordinal))
        || column == "currency" && IsCurrency(plain);

    /// <summary>True for currency, its code, and that of something; an amount in a currency is none.</summary>
    static bool IsCurrency(string plain) =>
        (
            plain.StartsWith("currency", StringComparison.Ordinal)
            || plain.EndsWith("currency", StringComparison.Ordinal)
            || plain.EndsWith("currencycode", StringComparison.Ordinal)
            || plain.EndsWith("currencyisocode", StringComparison.Ordinal)
        )
        && !plain.Contains("amount", StringComparison.Ordinal)
        && !plain.Contains("value", StringComparison.Ordinal)
        && !plain.Contains("revenue", StringComparison.Ordinal);

    static HashSet<string> Of(string names) => [.. names.Split((char[])[' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries)];
}

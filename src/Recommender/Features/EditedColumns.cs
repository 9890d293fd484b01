using System.Text;

namespace Recommender.Features;

/// <summary>Names of columns that CRMs keep up to date while a deal lives: an export has them as they are on its day.</summary>
static class EditedColumns
{
    /// <summary>Parts of names, letters and digits only, of what is kept up to date while a deal lives.</summary>
    static readonly string[] _ofDeals =
    [
        "lastmodif*",
        "lastactiv*",
        "lastcontact*",
        "lastupdat*",
        "lastview*",
        "lastreferenc*",
        "lasttouch*",
        "lastengag*",
        "lastmeeting",
        "lastemail",
        "lastcall",
        "laststage*",
        "modifiedon",
        "modifieddate",
        "modifiedby",
        "modifiedat",
        "updatedat",
        "updatedon",
        "systemmodstamp",
        "salesactivities",
        "numberofactivities",
        "numactivities",
        "totalactivities",
        "activitycount",
        "timescontacted",
        "numnotes",
        "numberofnotes",
        "numberofcontacts",
        "numcontacts",
        "contactcount",
        "associatedcontacts",
        "numberofmeetings",
        "numberofemails",
        "numberofcalls",
        "emailcount",
        "callcount",
        "meetingcount",
        "probability",
        "=forecast",
        "forecastcategory*",
        "forecastprobability",
        "forecastamount",
        "forecaststatus",
        "nextstep",
        "nextactivity",
        "closereason",
        "lostreason",
        "lossreason",
        "losereason",
        "wonreason",
        "winreason",
        "reasonlost",
        "reasonwon",
        "reasonforloss",
        "reasonforwin",
        "closedlost*",
        "closedwon*",
        "statusreason",
        "instage",
        "timeinstage*",
        "daysinstage*",
        "daysinpipeline*",
        "inpipeline",
        "daystoclose",
        "daysopen",
        "dealage",
        "ageindays",
        "dayssince*",
        "isclosed",
        "iswon",
        "closedate",
        "actualrevenue",
        "actualclose",
        "actualvalue",
        "closedamount",
        "weightedamount",
        "dealstage",
        "stagename",
        "pushcount",
        "competitor*",
        "dealscore",
        "numberoftimescontacted",
        "overduetask",
        "openactivity",
        "likelihoodtoclose",
    ];

    /// <summary>The same of accounts and partners.</summary>
    static readonly string[] _ofOthers =
    [
        "lastmodif*",
        "lastactiv*",
        "lastcontact*",
        "lastupdat*",
        "lastview*",
        "lastreferenc*",
        "lastlogin",
        "lastdeal",
        "lastorder",
        "lastpurchase",
        "lasttouch*",
        "lastengag*",
        "lastmeeting",
        "modifiedon",
        "modifieddate",
        "modifiedby",
        "modifiedat",
        "updatedat",
        "updatedon",
        "systemmodstamp",
        "nextactivity",
        "nextstep",
        "yeartodate",
        "wontodate",
        "revenuetodate",
        "dealstodate",
        "lifetime",
        "dealswon",
        "wondeals",
        "dealslost",
        "lostdeals",
        "opendeals",
        "dealcount",
        "numberofdeals",
        "numberofopportunities",
        "totaldeals",
        "salesactivities",
        "numberofactivities",
        "numactivities",
        "totalactivities",
        "activitycount",
        "timescontacted",
        "dayssince*",
        "daystoclose",
        "lifecyclestage",
        "leadstatus",
        "customerstatus",
        "accountstatus",
        "customersince",
        "becamea*",
        "associateddeals",
        "totalrevenue",
        "recentdeal*",
        "firstdeal*",
        "openopportunities",
        "healthscore",
        "churn*",
    ];

    /// <summary>True if a column of deals is one by its name.</summary>
    public static bool OfDeals(string name) => Has(name, _ofDeals);

    /// <summary>True if a column of accounts or partners is.</summary>
    public static bool OfOthers(string name) => Has(name, _ofOthers);

    /// <summary>True if words of a name, one after the other, are one of the list; a star stands for the rest of a word, an equals sign for the whole name.</summary>
    static bool Has(string name, string[] words)
    {
        var (plain, starts) = (new StringBuilder(name.Length), new HashSet<int>());
        for (var i = 0; i < name.Length; i++)
        {
            if (!char.IsLetterOrDigit(name[i]))
                continue;
            if (i == 0 || !char.IsLetterOrDigit(name[i - 1]) || char.IsUpper(name[i]) && char.IsLower(name[i - 1]))
                starts.Add(plain.Length);
            plain.Append(char.ToLowerInvariant(name[i]));
        }
        starts.Add(plain.Length);
        var text = plain.ToString();
        return Array.Exists(
            words,
            word =>
            {
                if (word[0] == '=')
                    return text == word[1..];
                var sought = word.TrimEnd('*');
                for (
                    var at = text.IndexOf(sought, StringComparison.Ordinal);
                    at >= 0;
                    at = text.IndexOf(sought, at + 1, StringComparison.Ordinal)
                )
                {
                    var end = at + sought.Length;
                    if (
                        starts.Contains(at)
                        && (word.EndsWith('*') || starts.Contains(end) || end == text.Length - 1 && text[end] == 's')
                    )
                        return true;
                }
                return false;
            }
        );
    }
}

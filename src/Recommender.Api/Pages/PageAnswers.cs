using System.Globalization;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Recommender.Api.Pages;

/// <summary>What pages are made of: the form that was sent, and the page that answers.</summary>
static class PageAnswers
{
    /// <summary>A page of one sentence.</summary>
    public static RazorComponentResult Message(string heading, string text, int status = 200, string? back = null) =>
        Page<MessagePage>(
            status,
            (nameof(MessagePage.Heading), heading),
            (nameof(MessagePage.Text), text),
            (nameof(MessagePage.Back), back)
        );

    public static RazorComponentResult Page<T>(int status, params (string Name, object? Value)[] parameters)
        where T : IComponent =>
        new(typeof(T), parameters.ToDictionary(parameter => parameter.Name, parameter => parameter.Value))
        {
            StatusCode = status,
        };

    public static RazorComponentResult Page<T>(params (string Name, object? Value)[] parameters)
        where T : IComponent => Page<T>(200, parameters);

    /// <summary>A page that says why something was not done; null if it was.</summary>
    public static RazorComponentResult? ProblemOf(IResult answer, string back)
    {
        while (answer is INestedHttpResult nested)
            answer = nested.Result;
        if (answer is not Problem problem)
            return null;
        return Message(
            "That was not done",
            problem.Errors.Count == 0 ? problem.Detail : string.Join(" ", problem.Errors.Select(error => error.Message)),
            problem.Status,
            back
        );
    }

    public static StatusCodeHttpResult Seen(HttpContext http, string address)
    {
        http.Response.Headers.Location = address;
        return TypedResults.StatusCode(StatusCodes.Status303SeeOther);
    }

    /// <summary>The form that was sent; none if it is another body.</summary>
    /// <exception cref="BadHttpRequestException">It is no form, or too large.</exception>
    public static async Task<IFormCollection> FormAsync(HttpContext http)
    {
        if (!http.Request.HasFormContentType)
            return FormCollection.Empty;
        try
        {
            return await http.Request.ReadFormAsync(http.RequestAborted);
        }
        catch (InvalidDataException e)
        {
            throw new BadHttpRequestException("The form could not be read.", e);
        }
    }

    /// <summary>Which page of a list is asked for, from 1; the first if that is no number.</summary>
    public static int NumberOf(string? page) =>
        int.TryParse(page, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and < 100_000
            ? number
            : 1;

    /// <summary>An address of ours; the start for any other.</summary>
    public static string Local(string? address) => address is ['/', not ('/' or '\\'), ..] ? address : "/";
}

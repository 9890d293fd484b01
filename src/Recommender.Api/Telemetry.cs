using System.Diagnostics;
using System.Diagnostics.Metrics;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Recommender.Api;

/// <summary>Traces and metrics, named as OpenTelemetry's semantic conventions name them. No ids of accounts, partners or people.</summary>
static class Telemetry
{
    const string Name = "Recommender";
    static readonly Meter _meter = new(Name);
    static readonly Counter<long> _rankings = _meter.CreateCounter<long>("recommender.rankings", "{ranking}", "Rankings made");
    static readonly Histogram<int> _candidates = _meter.CreateHistogram<int>(
        "recommender.ranking.candidates",
        "{partner}",
        "Partners ranked in one answer"
    );
    static readonly Counter<long> _facts = _meter.CreateCounter<long>(
        "recommender.facts",
        "{row}",
        "Rows taken into the history"
    );
    static readonly Counter<long> _shed = _meter.CreateCounter<long>(
        "recommender.requests.shed",
        "{request}",
        "Requests turned away, by reason"
    );
    static readonly Counter<long> _deliveries = _meter.CreateCounter<long>(
        "recommender.webhook.attempts",
        "{attempt}",
        "Attempts to deliver an event, by outcome"
    );

    public static void Ranked(int candidates)
    {
        _rankings.Add(1);
        _candidates.Record(candidates);
    }

    public static void FactsTaken(long rows) => _facts.Add(rows);

    public static void Shed(string reason) => _shed.Add(1, new KeyValuePair<string, object?>("reason", reason));

    public static void Delivered(bool isDelivered) =>
        _deliveries.Add(1, new KeyValuePair<string, object?>("outcome", isDelivered ? "delivered" : "failed"));

    /// <summary>Gauges of what waits.</summary>
    public static void Watch(LiveRecommender live)
    {
        _meter.CreateObservableGauge(
            "recommender.writes.waiting",
            () => live.History?.Waiting ?? 0,
            "{write}",
            "Writes that wait for the database"
        );
        _meter.CreateObservableGauge("recommender.index.deals", () => live.Index.Count, "{deal}", "Open deals in the index");
        _meter.CreateObservableGauge(
            "recommender.index.waiting",
            () => live.Index.Dirty,
            "{deal}",
            "Deals to be looked at again"
        );
        _meter.CreateObservableGauge(
            "recommender.journal.dropped",
            () => live.Journal?.Dropped ?? 0,
            "{recommendation}",
            "Recommendations that could not be kept"
        );
        _meter.CreateObservableGauge("recommender.ready", () => live.IsReady ? 1 : 0, "1", "1 while the service answers");
        _meter.CreateObservableGauge(
            "recommender.database.writable",
            () => live.TakesWrites ? 1 : 0,
            "1",
            "0 after the database refused a write"
        );
    }

    public static void AddTelemetry(this WebApplicationBuilder builder)
    {
        var endpoint = builder.Configuration["Telemetry:OtlpEndpoint"];
        var telemetry = builder
            .Services.AddOpenTelemetry()
            .ConfigureResource(resource =>
                resource.AddService("recommender", serviceVersion: typeof(Telemetry).Assembly.GetName().Version?.ToString(3))
            )
            .WithMetrics(metrics =>
                metrics
                    .AddMeter(Name, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime")
                    .AddPrometheusExporter()
            );
        if (string.IsNullOrEmpty(endpoint))
            return;
        telemetry
            .WithTracing(traces => traces.AddSource(Name).AddAspNetCoreInstrumentation().AddHttpClientInstrumentation())
            .UseOtlpExporter(OpenTelemetry.Exporter.OtlpExportProtocol.Grpc, new Uri(endpoint));
    }
}

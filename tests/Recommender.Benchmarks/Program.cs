using BenchmarkDotNet.Running;
using Recommender.Benchmarks;

if (args is ["train", .. var comparison])
    TrainingComparison.Run(comparison);
else if (args is ["serving", .. var serving])
    return await ServingMeasurements.RunAsync(serving);
else if (args is ["stores"])
    return await StoreComparison.RunAsync(ServingMeasurements.Root());
else if (args is ["mapping", .. var mapping])
    return MappingMeasurements.Run(ServingMeasurements.Root(), mapping);
else if (args is ["registrations", .. var registrations])
    return await RegistrationMeasurements.RunAsync(registrations);
else if (args is ["leads", .. var leads])
    return await LeadMeasurements.RunAsync(leads);
else
    BenchmarkSwitcher.FromAssembly(typeof(RankingBenchmarks).Assembly).Run(args);
return 0;

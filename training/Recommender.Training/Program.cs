using Recommender.Training;

return Verbs.Root().Parse(args).Invoke(new() { EnableDefaultExceptionHandler = false });

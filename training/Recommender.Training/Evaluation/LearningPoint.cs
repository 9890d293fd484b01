namespace Recommender.Training;

/// <summary>Quality on the test window of models that learned from a share of the history.</summary>
sealed record LearningPoint(double Share, int Decisions, int Deals, double? Ndcg, double? LogLoss);

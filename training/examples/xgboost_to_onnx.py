#!/usr/bin/python3
"""XGBoost learns from exported examples and becomes an ONNX file that `models import` takes.

    apt-get install -y python3-xgboost python3-onnx
    console export-examples --history data-samples --as-of 2025-09-01 --test-to 2026-02-28 --out OUT
    /usr/bin/python3 training/examples/xgboost_to_onnx.py OUT/partner-fit model.onnx
    console models import model.onnx --manifest OUT/partner-fit/manifest.json
"""
import json
import sys

import numpy as np
import onnx
import xgboost as xgb
from onnx import TensorProto, helper

folder, output = sys.argv[1], sys.argv[2]
x, y = np.load(folder + "/train.x.npy"), np.load(folder + "/train.y.npy")
data = xgb.DMatrix(x, y)
ranking = json.load(open(folder + "/manifest.json"))["model"] == "partner-fit"
if ranking:
    data.set_group(np.load(folder + "/train.group.npy"))
booster = xgb.train(
    dict(
        objective="rank:ndcg" if ranking else "binary:logistic",
        tree_method="hist",
        max_depth=5,
        eta=0.08,
        subsample=0.8,
        colsample_bytree=0.5,
        min_child_weight=5,
        base_score=0.5,
        seed=7,
        nthread=2,
    ),
    data,
    150,
)

nodes = {key: [] for key in ("treeids", "nodeids", "featureids", "values", "hitrates", "modes", "truenodeids", "falsenodeids")}
targets = {key: [] for key in ("treeids", "nodeids", "ids", "weights")}


def walk(tree, node):
    leaf = "leaf" in node
    nodes["treeids"].append(tree)
    nodes["nodeids"].append(node["nodeid"])
    nodes["featureids"].append(0 if leaf else int(node["split"][1:]))
    nodes["values"].append(0.0 if leaf else float(node["split_condition"]))
    nodes["hitrates"].append(float(node["cover"]))
    nodes["modes"].append("LEAF" if leaf else "BRANCH_LT")
    nodes["truenodeids"].append(0 if leaf else node["yes"])
    nodes["falsenodeids"].append(0 if leaf else node["no"])
    if leaf:
        for key, value in (("treeids", tree), ("nodeids", node["nodeid"]), ("ids", 0), ("weights", float(node["leaf"]))):
            targets[key].append(value)
    else:
        for child in node["children"]:
            walk(tree, child)


for number, text in enumerate(booster.get_dump(dump_format="json", with_stats=True)):
    walk(number, json.loads(text))
attributes = {"nodes_" + key: value for key, value in nodes.items()} | {"target_" + key: value for key, value in targets.items()}
raw = "score" if ranking else "raw"
graph = [
    helper.make_node(
        "TreeEnsembleRegressor",
        ["features"],
        [raw],
        domain="ai.onnx.ml",
        n_targets=1,
        base_values=[0.5 if ranking else 0.0],
        **attributes,
    )
]
if not ranking:
    graph.append(helper.make_node("Sigmoid", ["raw"], ["score"]))
model = helper.make_model(
    helper.make_graph(
        graph,
        "xgboost",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", x.shape[1]])],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, ["n", 1])],
    ),
    opset_imports=[helper.make_opsetid("", 13), helper.make_opsetid("ai.onnx.ml", 1)],
    ir_version=7,
)
onnx.save(model, output)

# The importer scores the golden rows again and compares.
path = folder + "/manifest.json"
manifest = json.load(open(path))
rows = np.array(manifest["golden"]["features"], dtype=np.float32)
manifest["golden"]["scores"] = booster.predict(xgb.DMatrix(rows)).astype(float).tolist()
json.dump(manifest, open(path, "w"), indent=2)
print(f"{output}: {booster.num_boosted_rounds()} trees over {x.shape[1]} features")

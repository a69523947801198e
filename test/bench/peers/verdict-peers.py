"""Anomaly detectors that a user would pick instead, on numbers of whole traces: one score and one flag a trace, as JSON.

verdict-peers.py DETECTOR FILE: the file holds {"warmup": [[...], ...], "test": [[...], ...]}, in the order of time.
Each trace is scored by what came before it, then learned from, as medoscope does.
"""
import json
import sys

STATED = 0.01


def half_space_trees(warmup, test):
    from river import anomaly, compose, preprocessing
    names = [str(i) for i in range(len(test[0]))]
    trees = anomaly.HalfSpaceTrees(n_trees=25, height=8, window_size=250, seed=1)
    model = compose.Pipeline(preprocessing.MinMaxScaler(), trees)
    filtered = anomaly.QuantileFilter(model, q=1 - STATED)
    scores, flags = [], []
    for learning, rows in ((True, warmup), (False, test)):
        for row in rows:
            x = dict(zip(names, row))
            score = filtered.score_one(x)
            if not learning:
                scores.append(score)
                flags.append(bool(filtered.classify(score)))
            filtered.learn_one(x)
    return scores, flags


def isolation_forest(warmup, test):
    from sklearn.ensemble import IsolationForest
    seen = list(warmup)
    scores, flags = [], []
    for start in range(0, len(test), 500):
        part = test[start:start + 500]
        forest = IsolationForest(n_estimators=200, contamination=STATED, random_state=1).fit(seen)
        scores.extend((-forest.score_samples(part)).tolist())
        flags.extend((forest.predict(part) < 0).tolist())
        seen.extend(part)
    return scores, flags


detector, path = sys.argv[1:]
with open(path) as file:
    given = json.load(file)
scores, flags = {'half_space_trees': half_space_trees, 'isolation_forest': isolation_forest}[detector](given['warmup'], given['test'])
print(json.dumps({'scores': scores, 'flags': flags}))

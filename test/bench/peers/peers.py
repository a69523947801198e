"""One peer on one problem: python peers.py PEER FILE N P K SEED METRIC, prints its times and loss as JSON.

Times are this process's processor time in seconds, distances and the search apart. One thread.
"""
import json
import sys
import time

import numpy as np

peer, path, n, p, k, seed, metric = sys.argv[1:8]
n, p, k, seed = int(n), int(p), int(k), int(seed)
X = np.fromfile(path, dtype=np.float32).reshape(n, p)


def loss_of(medoids):
    rows = X[np.asarray(medoids)].astype(np.float64)
    nearest = np.full(n, np.inf)
    for row in rows:
        difference = X.astype(np.float64) - row
        if metric == "euclidean":
            distance = np.sqrt((difference**2).sum(axis=1))
        else:
            distance = np.abs(difference).sum(axis=1)
        nearest = np.minimum(nearest, distance)
    return float(nearest.sum())


def timed(run):
    start = time.process_time()
    result = run()
    return time.process_time() - start, result


distances_s = 0.0
if peer == "kmedoids":
    import kmedoids
    from sklearn.metrics import pairwise_distances

    distances_s, D = timed(lambda: pairwise_distances(X, metric=metric).astype(np.float32, copy=False))
    search_s, found = timed(lambda: kmedoids.fasterpam(D, k, init="random", random_state=seed, n_cpu=1))
    medoids = found.medoids
elif peer == "scikit-learn-extra":
    from sklearn_extra.cluster import KMedoids

    model = KMedoids(n_clusters=k, metric=metric, method="pam", init="build", random_state=seed)
    search_s, found = timed(lambda: model.fit(X))
    medoids = found.medoid_indices_
elif peer == "banditpam":
    from banditpam import KMedoids

    model = KMedoids(n_medoids=k, algorithm="BanditPAM")
    model.seed = seed
    search_s, _ = timed(lambda: model.fit(X, "L2" if metric == "euclidean" else "L1"))
    medoids = model.medoids
else:
    raise SystemExit(f"no such peer: {peer}")

print(json.dumps({"distances_s": distances_s, "search_s": search_s, "loss": loss_of(medoids)}))

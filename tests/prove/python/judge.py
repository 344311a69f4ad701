"""Judges numbers that kapok-prove measured: reads one JSON object from standard input, prints another.

{"ask": "auc", "seed": 1, "rows": [[...], ...], "labels": [0, 1, ...]}
    How well two classifiers tell the labels apart, by cross-validation: 0.5 is chance, 1.0 is certainty.
{"ask": "ks", "first": [...], "second": [...]}
    The p-value of the Kolmogorov-Smirnov test: how likely two such samples are if nothing differs.
"""

import json
import sys

import numpy as np


def auc(asked):
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rows, labels = np.array(asked["rows"], dtype=float), np.array(asked["labels"])
    seed = asked["seed"] % 2**32
    folds = StratifiedKFold(n_splits=5, shuffle=True, random_state=seed)
    classifiers = {
        "logistic": make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000)),
        "boosting": HistGradientBoostingClassifier(max_iter=100, min_samples_leaf=5, random_state=seed),
    }
    # The mean over the folds: one ranking over all folds together is below 0.5 by chance alone.
    return {name: float(np.mean(cross_val_score(one, rows, labels, cv=folds, scoring="roc_auc"))) for name, one in classifiers.items()}


def ks(asked):
    from scipy.stats import ks_2samp

    return {"p": float(ks_2samp(asked["first"], asked["second"]).pvalue)}


asked = json.load(sys.stdin)
json.dump({"auc": auc, "ks": ks}[asked["ask"]](asked), sys.stdout)

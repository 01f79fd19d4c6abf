"""The measurements of benches/metrics.rs in NumPy and scikit-learn: run by it, on the same logits."""

import json
import sys
import time

import numpy as np
from sklearn.metrics import cohen_kappa_score, roc_auc_score


def confidence(logits):
    """The probability of the likeliest class, without dividing what is not asked for."""
    return 1.0 / np.exp(logits - logits.max(1, keepdims=True)).sum(1)


def ece(logits, labels, bins=15):
    conf = confidence(logits).astype(np.float64)
    correct = logits.argmax(1) == labels
    index = np.clip(np.ceil(conf * bins).astype(int) - 1, 0, bins - 1)
    sums = np.bincount(index, weights=correct - conf, minlength=bins)
    return float(np.abs(sums).sum() / len(conf))


def auroc(logits, labels):
    correct = logits.argmax(1) == labels
    return float(roc_auc_score(correct, confidence(logits)))


def decisions(logits, categories):
    """The category of largest mean probability, as model-vs-human maps 1,000 classes to sixteen."""
    e = np.exp(logits - logits.max(1, keepdims=True))
    p = e / e.sum(1, keepdims=True)
    return np.stack([p[:, members].mean(1) for members in categories], 1).argmax(1)


def error_consistency_top_1(first, second, labels):
    return float(cohen_kappa_score(first.argmax(1) == labels, second.argmax(1) == labels))


def error_consistency_of_categories(first, second, labels, categories):
    right = [decisions(logits, categories) == labels % len(categories) for logits in (first, second)]
    return float(cohen_kappa_score(*right))


def best(function, repeats):
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        value = function()
        seconds.append(time.perf_counter() - start)
    return {"seconds": min(seconds), "value": value}


if __name__ == "__main__":
    path, n, c, repeats = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    categories = json.loads(sys.argv[5])
    values = np.fromfile(path, np.float32)
    first, second = values[: n * c].reshape(n, c), values[n * c : 2 * n * c].reshape(n, c)
    labels = values[2 * n * c :].astype(np.int64)
    print(json.dumps({
        "ECE": best(lambda: ece(first, labels), repeats),
        "AUROC": best(lambda: auroc(first, labels), repeats),
        "error consistency, top-1": best(lambda: error_consistency_top_1(first, second, labels), repeats),
        "error consistency, 16 classes": best(
            lambda: error_consistency_of_categories(first, second, labels, categories), repeats
        ),
    }))

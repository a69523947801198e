"""CLARA on Spark: samples give medoids, all partitions price them, the cheapest win."""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

from pyspark.sql import SparkSession

from merge import read


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("table", help="what Spark reads: .parquet, .json or .csv with a header")
    options.add_argument("--k", type=int, required=True)
    options.add_argument("--samples", type=int, default=5)
    options.add_argument("--rows", type=int, help="rows of a sample (default 80 + 4 k)")
    options.add_argument("--partitions", type=int, default=4)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--model", required=True, help="where the best model goes")
    options.add_argument("--medoscope", default="medoscope", help="the command on driver and executors")
    chosen = options.parse_args()

    spark = SparkSession.builder.appName("medoscope-clara").getOrCreate()
    rows = read(spark, chosen.table).repartition(chosen.partitions).toJSON().cache()
    size = chosen.rows or 80 + 4 * chosen.k
    best = None
    with tempfile.TemporaryDirectory() as folder:
        for number in range(chosen.samples):
            sample = rows.takeSample(False, size, seed=chosen.seed + number)
            model = local_model(chosen, sample)
            path = Path(folder) / f"{number}.json"
            path.write_text(model)
            # Executors on other machines: put the file where all can read it.
            price = f"{chosen.medoscope} assign {path} - --format jsonl --json"
            answers = rows.pipe(price, checkCode=True).collect()
            loss = sum(json.loads(answer)["loss"] for answer in answers)
            print(f"sample {number}: loss {loss:.3f}")
            if best is None or loss < best[0]:
                best = (loss, model)
    spark.stop()
    Path(chosen.model).write_text(best[1])
    print(f"best loss {best[0]:.3f}")


def local_model(chosen, sample):
    command = [
        *chosen.medoscope.split(), "cluster", "-", "--format", "jsonl", "--local",
        "--k", str(chosen.k), "--seed", str(chosen.seed),
    ]
    done = subprocess.run(command, input="\n".join(sample), text=True, check=True, capture_output=True)
    return done.stdout


if __name__ == "__main__":
    main()

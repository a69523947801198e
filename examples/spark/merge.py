"""Local-then-merge on Spark: partitions find local medoids, the driver makes global ones of them."""

import argparse
import subprocess

from pyspark.sql import SparkSession


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("table", help="what Spark reads: .parquet, .json or .csv with a header")
    options.add_argument("--k", type=int, required=True)
    options.add_argument("--local-k", type=int, help="medoids of a partition (default 4 k)")
    options.add_argument("--partitions", type=int, default=4)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--privacy-floor", type=int, default=1)
    options.add_argument("--model", required=True, help="where the global model goes")
    options.add_argument("--medoscope", default="medoscope", help="the command on the executors")
    chosen = options.parse_args()

    spark = SparkSession.builder.appName("medoscope-merge").getOrCreate()
    rows = read(spark, chosen.table).repartition(chosen.partitions).toJSON()
    command = (
        f"{chosen.medoscope} cluster - --format jsonl --local"
        f" --k {chosen.local_k or 4 * chosen.k} --seed {chosen.seed}"
    )
    # checkCode: a partition that medoscope refuses fails the job instead of being left out.
    models = rows.pipe(command, checkCode=True).collect()
    spark.stop()
    merge = [
        *chosen.medoscope.split(), "merge", "-", "--k", str(chosen.k), "--seed", str(chosen.seed),
        "--privacy-floor", str(chosen.privacy_floor), "--model", chosen.model,
    ]
    subprocess.run(merge, input="\n".join(models), text=True, check=True)


def read(spark, path):
    if path.endswith(".parquet"):
        return spark.read.parquet(path)
    if path.endswith(".csv"):
        return spark.read.csv(path, header=True, inferSchema=True)
    return spark.read.json(path)


if __name__ == "__main__":
    main()

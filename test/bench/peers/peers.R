# One of cluster's methods on one problem: Rscript peers.R METHOD FILE N P K SEED METRIC, prints JSON.
arguments <- commandArgs(trailingOnly = TRUE)
n <- as.integer(arguments[3])
p <- as.integer(arguments[4])
k <- as.integer(arguments[5])
metric <- arguments[7]
set.seed(as.integer(arguments[6]))
suppressPackageStartupMessages(library(cluster))
values <- readBin(arguments[2], "double", n = n * p, size = 4)
x <- matrix(values, nrow = n, byrow = TRUE)
search <- function() {
  if (arguments[1] == "pam") pam(x, k, metric = metric, pamonce = 6)$id.med
  else clara(x, k, metric = metric, pamLike = TRUE, samples = 5)$i.med
}
took <- system.time(medoids <- search())
nearest <- rep(Inf, n)
for (row in medoids) {
  difference <- sweep(x, 2, x[row, ])
  distance <- if (metric == "euclidean") sqrt(rowSums(difference^2)) else rowSums(abs(difference))
  nearest <- pmin(nearest, distance)
}
cat(sprintf('{"distances_s": 0, "search_s": %f, "loss": %.6f}\n', took[1] + took[2], sum(nearest)))

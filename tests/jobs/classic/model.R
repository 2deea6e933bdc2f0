# SPDX-License-Identifier: MIT
# Logistic regression: model.R train|test COURSE SESSION.
arguments <- commandArgs(trailingOnly = TRUE)
mode <- arguments[1]
course <- arguments[2]

read_features <- function(path) {
        table <- read.csv(path)
        stopifnot(identical(names(table), c("userID", "clicks", "posts")))
        table$course <- strsplit(path, "/")[[1]][3]
        table
}

files <- list.files("/input", pattern = "_features\\.csv$", full.names = TRUE, recursive = TRUE)
stopifnot(length(files) > 0)

if (mode == "train") {
        table <- do.call(rbind, lapply(files, function(path) {
                merge(read_features(path), read.csv(sub("_features", "_labels", path)), by = "userID")
        }))
        model <- glm(label_value ~ log1p(clicks) + log1p(posts), family = binomial, data = table)
        save(model, file = sprintf("/output/%s_%s.Rdata", course, arguments[3]))
} else {
        table <- do.call(rbind, lapply(files, read_features))
        models <- list.files("/input", pattern = "\\.Rdata$", full.names = TRUE)
        stopifnot(length(models) > 0)
        table$prob <- rowMeans(sapply(models, function(path) {
                load(path)
                predict(model, newdata = table, type = "response")
        }))
        table$pred <- as.integer(table$prob > 0.5)
        columns <- c("userID", "prob", "pred", if (course == "None") "course")
        write.csv(table[columns], "/output/predictions.csv", row.names = FALSE)
}

# A straight line through a column over the drive.
arguments <- commandArgs(trailingOnly = TRUE)
points <- read.csv(arguments[1])
target <- arguments[3]
fit <- lm(points[[target]] ~ points$drive)
result <- data.frame(
  target = target,
  intercept = coef(fit)[[1]],
  slope = coef(fit)[[2]],
  r_squared = summary(fit)$r.squared
)
write.csv(result, arguments[2], row.names = FALSE)

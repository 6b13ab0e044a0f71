# The same line as trend.R: the table is read from the file, and the answer is printed.
BEGIN { FS = "," }
NR == 1 { for (i = 1; i <= NF; i++) { if ($i == "drive") drive = i; if ($i == target) column = i } }
NR > 1 { n++; x[n] = $drive; y[n] = $column; mx += $drive; my += $column }
END {
  mx /= n; my /= n
  for (i = 1; i <= n; i++) { xx += (x[i] - mx) ^ 2; xy += (x[i] - mx) * (y[i] - my); yy += (y[i] - my) ^ 2 }
  print "target,intercept,slope,r_squared"
  printf "%s,%.17g,%.17g,%.17g\n", target, my - xy / xx * mx, xy / xx, xy * xy / (xx * yy)
}

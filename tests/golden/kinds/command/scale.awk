BEGIN { FS = ","; OFS = "," }
NR == 1 { for (i = 1; i <= NF; i++) { if ($i == "sample") sample = i; if ($i == "J_ext") current = i }; print (sample ? "sample,J_ext" : "J_ext") }
NR > 1 { print (sample ? $sample "," : "") factor * $current }

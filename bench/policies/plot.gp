# means: a file of what bench/policies/run knows of each operator and policy, by
# evaluations; nodes: how many there are.
ops = system("cut -d ' ' -f 1 ".means." | uniq | grep -vx all")
policies = system("cut -d ' ' -f 2 ".means." | grep -v -- -m | awk '!seen[$0]++'")
rows = (words(ops) + 1) / 2
set terminal svg size 900,330*rows dynamic noenhanced font "sans-serif,12" background "white"
set format x "%g"
set multiplot layout rows,2 margins 0.07,0.98,0.07,0.96 spacing 0.08,0.1
set xrange [0:nodes]
set yrange [70:100]
set key bottom right
set grid
set xlabel "evaluations"
set ylabel "best score, % of the best there is"
do for [op in ops] {
	set title op
	line(p) = sprintf("< awk '$1 == \"%s\" && $2 == \"%s\"' %s", op, p, means)
	plot for [i = 1:words(policies)] line(word(policies, i)) \
	        using ($3 + i / 8.):(100 * $4):(100 * $5) every 20::19 \
	        with yerrorbars lc i lw 1 pt 7 ps 0.3 notitle, \
	    for [i = 1:words(policies)] line(word(policies, i)) \
	        using 3:(100 * $4) with lines lc i lw 2 title word(policies, i)
}

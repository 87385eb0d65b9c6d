module cairn/bench/peers

go 1.20

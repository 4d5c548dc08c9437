module passwd

go 1.21

module quiet

go 1.21

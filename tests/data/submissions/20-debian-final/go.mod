module heavy

go 1.21

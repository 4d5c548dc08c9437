module sourcefirst

go 1.21

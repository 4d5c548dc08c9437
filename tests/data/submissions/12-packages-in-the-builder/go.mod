module withcerts

go 1.21

"""Drawing: laws become arrays, arrays become paths, paths become statistics with their errors."""

"""One file for each protocol: a request becomes a Work, a job becomes that service's answer."""

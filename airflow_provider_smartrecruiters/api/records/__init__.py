"""What records consist of: the content of jobs and ads, the properties of jobs, the link to a source."""

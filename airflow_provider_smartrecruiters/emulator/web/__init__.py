"""Pages for people: what a recruiter sees of each record, under the addresses of SmartRecruiters' web application."""

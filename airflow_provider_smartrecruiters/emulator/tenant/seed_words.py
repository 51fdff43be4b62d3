"""The words that the seeded tenant is made of."""

from __future__ import annotations

from typing import Any

FIRST_NAMES = (
    "Ada", "Bela", "Carmen", "Dmitri", "Emeka", "Fatima", "Grace", "Hiro", "Ingrid", "Jonas", "Kavya", "Lucía",
    "Mateusz", "Ngozi", "Olga", "Paweł", "Quentin", "Rania", "Søren", "Tomás", "Uma", "Viktor", "Wen", "Ximena",
    "Yusuf", "Zofia",
)  # fmt: skip
LAST_NAMES = (
    "Adeyemi", "Bianchi", "Costa", "Dubois", "Eriksson", "Fischer", "García", "Haddad", "Ivanova", "Jensen",
    "Kowalska", "Lindqvist", "Müller", "Nowak", "Okafor", "Petrov", "Quinn", "Rossi", "Sato", "Tanaka", "Ueda",
    "Virtanen", "Wójcik", "Xu", "Yildiz", "Zieliński",
)  # fmt: skip
_PLACE = ("country_code", "region_code", "city", "postal_code", "latitude", "longitude")
CITIES: list[dict[str, Any]] = [
    dict(zip(_PLACE, city, strict=True))
    for city in (
        ("pl", "MA", "Kraków", "30-001", "50.0647", "19.9450"),
        ("de", "BE", "Berlin", "10115", "52.5200", "13.4050"),
        ("us", "CA", "San Francisco", "94105", "37.7749", "-122.4194"),
        ("gb", "ENG", "London", "EC1A 1BB", "51.5072", "-0.1276"),
        ("fr", "IDF", "Paris", "75001", "48.8566", "2.3522"),
    )
]
EMPLOYERS = ("Acme", "Globex", "Initech", "Umbrella", "Hooli", "Vandelay", "Stark", "Wayne")
SCHOOLS = ("AGH", "TU Berlin", "Stanford University", "Imperial College", "Sorbonne")
TAGS = ("python", "relocation", "senior", "referral", "night shift", "SAP", "remote", "german", "visa")
JOB_TITLES = (
    ("Platform Engineer", "engineering"), ("Wind Turbine Technician", "engineering"),
    ("Data Engineer", "engineering"), ("Site Manager", "management"), ("Recruiter", "human_resources"),
    ("Payroll Specialist", "human_resources"), ("Account Executive", "sales"), ("Sales Engineer", "sales"),
    ("Financial Analyst", "finance"), ("Warehouse Associate", "supply_chain"), ("Fleet Planner", "supply_chain"),
    ("Legal Counsel", "legal"), ("Product Manager", "product_management"),
)  # fmt: skip
DEPARTMENTS = {
    "18554": ("Engineering", "Engineering department"),
    "18555": ("Field Operations", "Everything on site"),
    "18556": ("People", "HR and payroll"),
    "18557": ("Sales", "Sales and partners"),
    "18558": ("Finance", ""),
}
INDUSTRIES = {
    "renewables_environment": "Renewables & Environment",
    "computer_software": "Computer Software",
    "logistics_supply_chain": "Logistics and Supply Chain",
}
FUNCTIONS = {
    name.lower().replace(" ", "_"): name
    for name in (
        "Engineering", "Management", "Human Resources", "Sales", "Finance", "Supply Chain", "Legal",
        "Product Management",
    )
}  # fmt: skip
EMPLOYMENT_TYPES = {"permanent": "Full-time", "part_time": "Part-time", "contract": "Contract", "intern": "Intern"}
EXPERIENCE_LEVELS = {
    "internship": "Internship",
    "entry_level": "Entry Level",
    "associate": "Associate",
    "mid_senior_level": "Mid-Senior Level",
    "director": "Director",
}
EEO_CATEGORIES = {"1": "Executive/Senior Level Officials and Managers", "2": "Professionals", "3": "Technicians"}
# The last two differ only in case, as happens in lists that people maintain by hand.
REJECTION_REASONS = (
    "Did not meet minimum qualifications",
    "Stronger candidate selected",
    "Salary expectations too high",
    "No show",
    "Not eligible to work in this country",
    "Position filled",
    "Position Filled",
)
WITHDRAWAL_REASONS = ("Took another job", "Salary", "Location", "No longer interested")
SUB_STATUSES = {
    "Default": {
        "IN_REVIEW": ["Recruiter screen", "Hiring manager review"],
        "INTERVIEW": ["Phone screen", "On-site"],
        "OFFERED": ["Offer sent"],
        "REJECTED": ["Rejected by recruiter", "Rejected by hiring manager"],
    },
    "Field operations": {
        "IN_REVIEW": ["Certificate check"],
        "INTERVIEW": ["Site visit", "Climbing test"],
        "OFFERED": ["Offer sent", "Medical check"],
        "REJECTED": ["Failed certificate check"],
    },
}
# Type id, label, subtypes, labels of the values (of each subtype, where there are some).
SOURCE_TYPES = (
    ("JOB_BOARD", "Job Board", ("STANDARD", "CUSTOM"), ("LinkedIn", "Example Board", "Wind Jobs")),
    ("CAREER_SITE", "Career Site", (), ("Career Page", "Landing Page")),
    ("REFERRAL", "Referral", (), ("Employee Referral", "Alumni Referral")),
    ("AGENCY", "Agency", (), tuple(f"Agency {number:03}" for number in range(1, 131))),
    ("EVENT", "Event", ("FAIR", "CAMPUS"), ("Autumn Fair", "Spring Fair")),
)
# Of each application status: how often it occurs, and the statuses that lead to it.
STATUSES = {
    "LEAD": (1, ("LEAD",)),
    "NEW": (5, ("NEW",)),
    "IN_REVIEW": (6, ("NEW", "IN_REVIEW")),
    "INTERVIEW": (5, ("NEW", "IN_REVIEW", "INTERVIEW")),
    "OFFERED": (2, ("NEW", "IN_REVIEW", "INTERVIEW", "OFFERED")),
    "HIRED": (1, ("NEW", "IN_REVIEW", "INTERVIEW", "OFFERED", "HIRED")),
    "REJECTED": (4, ("NEW", "IN_REVIEW", "REJECTED")),
    "WITHDRAWN": (1, ("NEW", "WITHDRAWN")),
}
JOB_STATUSES = ("SOURCING", "SOURCING", "INTERVIEW", "CREATED", "OFFER", "ON_HOLD", "FILLED", "CANCELLED")

"""A local SmartRecruiters: a stateful server that answers as the contract document says the API does.

Start it with ``python -m airflow_provider_smartrecruiters.emulator`` or take the pytest fixture
``smartrecruiters_emulator``. It needs the extra ``emulator`` (Starlette, uvicorn, python-multipart), and it imports
neither Airflow nor the client of this package: it is an independent reading of the contract.
"""

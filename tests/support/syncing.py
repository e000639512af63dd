"""What a sync finds at Partner Center, and how its outcome is read."""

from uuid import uuid4

from support.orders import YESTERDAY

from models import MICROSOFT_CUSTOMER_AGREEMENT_ID

ITEMS = "select key, outcome, reason, agreement_id, provider_account_id from job_items where job_id = :job"


def tenant(number: int = 1, **values):
    made = {"id": str(uuid4()), "companyName": f"Tenant {number}", "domain": f"tenant{number}.example"}
    return {**made, **values}


def confirmed_by(contact, on=YESTERDAY):
    return {
        "templateId": MICROSOFT_CUSTOMER_AGREEMENT_ID,
        "dateAgreed": f"{on}T00:00:00Z",
        "primaryContact": {
            "firstName": contact.first_name,
            "lastName": contact.last_name,
            "email": contact.email,
        },
    }


def counts(job):
    return job.considered, job.created, job.updated, job.unchanged, job.skipped, job.failed

"""From a request to a job that is ready to draw, and what it will take."""

from __future__ import annotations

from typing import Any

from jpsim.analysis.books.requests import take_in_book
from jpsim.conditioning.explanation import explain_story
from jpsim.model.store import find_model, is_packaged, load_model
from jpsim.scenario import RunRequest
from jpsim.simulation.job import Job, prepare_job
from jpsim.simulation.plan import Plan

__all__ = ["outline", "plan", "prepare"]


def plan(request: RunRequest) -> tuple[Job, Plan]:
    """Prepare a request and estimate what it takes; a few paths of each scenario are drawn, to time them."""
    job = prepare(request)
    return job, job.plan()


def outline(job: Job, planned: Plan) -> dict[str, Any]:
    """Describe a prepared job as plain JSON: what it takes, and how plausible each scenario is, with its warnings."""
    told = {story.scenario.id: explain_story(story) for story in job.stories}
    return {
        "plan": planned.to_dict(),
        "content_hash": job.content_hash,
        "plausibility": {scenario: answer["plausibility"] for scenario, answer in told.items()},
        "warnings": {scenario: answer["warnings"] for scenario, answer in told.items()},
    }


def prepare(request: RunRequest) -> Job:
    """Find the model of a request, take in its book, and prepare the job."""
    folder = find_model(request.model, request.folder)
    if not is_packaged(request.model):
        request = request.model_copy(update={"model": str(folder.resolve())})
    model = load_model(folder)
    request, inputs = take_in_book(request, model)
    return prepare_job(request, model, inputs)

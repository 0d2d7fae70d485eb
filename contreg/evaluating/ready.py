"""The model of a request, loaded, and the cohort it meets, opened."""

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from contreg.caches import open_cache
from contreg.evaluating.evaluated_model import EvaluatedModel
from contreg.evaluating.request import EvaluationRequest
from contreg.recipes import DEFAULT_MODEL
from contreg_core.errors import UsageError

if TYPE_CHECKING:
    from contreg_core.catalogue import Catalogue
    from contreg_core.inference.evaluate_samples import Sampling
    from contreg_core.inference.registrar import Registrar
    from contreg_core.inference.segmenter import TrainedSegmenter


def ready(request: EvaluationRequest, catalogue: "Catalogue") -> EvaluatedModel:
    """The model of a request, loaded, and the prepared cohort it meets."""
    subject = _ready(request, catalogue)
    return _voting(subject, request) if request.references else subject


def _voting(subject: EvaluatedModel, request: EvaluationRequest) -> EvaluatedModel:
    """The subject's registrations carry the labels of many references, which vote."""
    from contreg.segmenting import parse_count
    from contreg_core.inference.evaluate import kept_loader
    from contreg_core.inference.evaluate_references import References, reference_scans

    if subject.register is None:
        raise UsageError(f"'{subject.name}' labels images without references", "leave out --references")
    if request.how.samples:
        raise UsageError("--samples and --references are both given", "give one of them")
    scans = reference_scans(subject.cohort, request.split, subject.held_out)
    most = parse_count(request.references, from_cohort=True)
    voters = References(subject.register, scans, kept_loader(subject.cohort), most, request.fusion)
    told = f"references {len(scans) if most is None else min(most, len(scans))}", f"fusion {request.fusion}"
    return replace(
        subject,
        register=None,
        scores=partial(voters.scores, subject.cohort),
        prediction=(*subject.prediction, *told),
    )


def _ready(request: EvaluationRequest, catalogue: "Catalogue") -> EvaluatedModel:
    from contreg.models import load_model
    from contreg_core.engine import Engine
    from contreg_core.inference.evaluate import evaluate, kept_loader
    from contreg_core.inference.evaluate_labels import evaluate_segmenter
    from contreg_core.inference.segmenter import TrainedSegmenter
    from contreg_core.recipe import dump_recipe

    if request.model == "none":
        return _unregistered(request, catalogue)
    engine = Engine.choose(request.device, request.precision)
    how = request.settings, request.how
    model = load_model(request.model, catalogue, engine, *how)
    name = request.data or model.record.get("data", {}).get("cohort")
    if name is None:
        raise _no_cohort(request)
    spec = model.recipe.preprocessing
    sampling = _sampling(request, model)
    cohort = open_cache(catalogue, name, spec, request.cache, request.model, request.settings)
    sha256, held_out = model.record.get("sha256"), model.recipe.training.validation
    what = str(sha256 or dump_recipe(model.recipe))
    identity = f"{what} on {engine.device.type}{' in bfloat16' if engine.bfloat16 else ''}"
    if isinstance(model, TrainedSegmenter):
        scores = partial(evaluate_segmenter, model, cohort)
        return EvaluatedModel(model.recipe.name, cohort, identity, scores, None, held_out, sha256=sha256)
    scores = partial(evaluate, model.register, cohort, load=kept_loader(cohort), sampling=sampling)
    own = model.register, held_out, model.prediction.words, sha256
    return EvaluatedModel(model.recipe.name, cohort, identity, scores, *own)


def _sampling(request: EvaluationRequest, model: "Registrar | TrainedSegmenter") -> "Sampling | None":
    from contreg_core.inference.evaluate_samples import Sampling
    from contreg_core.inference.trained import registering

    return (
        Sampling.of(registering(model, request.model), request.how.samples) if request.how.samples else None
    )


def _no_cohort(request: EvaluationRequest) -> UsageError:
    return UsageError(f"--model {request.model} has no cohort of its own", "name one with --data")


def _unregistered(request: EvaluationRequest, catalogue: "Catalogue") -> EvaluatedModel:
    from contreg.recipes import find_recipe
    from contreg_core.inference.evaluate import evaluate, kept_loader
    from contreg_core.inference.unregistered import identity

    if request.how.symmetric:
        raise UsageError("--model none predicts nothing to make symmetric", "leave out --symmetric")
    if request.how.refine:
        raise UsageError("--model none predicts nothing to refine", "leave out --refine")
    if request.how.samples:
        raise UsageError("--model none predicts nothing to sample", "leave out --samples")
    if request.data is None:
        raise _no_cohort(request)
    recipe = find_recipe(catalogue, DEFAULT_MODEL, request.settings)
    spec = recipe.preprocessing
    cohort = open_cache(catalogue, request.data, spec, request.cache, settings=request.settings)
    scores = partial(evaluate, identity, cohort, load=kept_loader(cohort))
    return EvaluatedModel("none", cohort, "none", scores, identity, recipe.training.validation)

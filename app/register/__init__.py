"""The kinds of record, one file each."""

from app.core.kinds import Kinds
from app.core.resource import Resource
from app.register.addresses import addresses
from app.register.affiliations import affiliations
from app.register.articles import articles
from app.register.cases import cases
from app.register.charges import charges
from app.register.detentions import detentions
from app.register.facilities import facilities
from app.register.hearings import hearings
from app.register.organizations import organizations
from app.register.persons import persons
from app.register.recognitions import recognitions
from app.register.sentences import sentences
from app.register.sources import sources

# What is referred to comes before what refers to it.
RESOURCES: tuple[Resource, ...] = (
    organizations,
    sources,
    persons,
    cases,
    articles,
    facilities,
    addresses,
    affiliations,
    recognitions,
    sentences,
    charges,
    hearings,
    detentions,
)
KINDS = Kinds([resource.kind for resource in RESOURCES])

"""The product's routes beside the hand-written ones."""

from django.urls import path

from benchmarks import by_hand, registering_by_hand, searching_by_hand
from config.urls import urlpatterns as product

urlpatterns = [
    path("by-hand/events/", by_hand.list_events),
    path("by-hand/events/<uuid:uuid>/", by_hand.show_event),
    path("by-hand/events/<uuid:uuid>/register/", registering_by_hand.register),
    path("by-hand/search/", searching_by_hand.ContainingViewSet.as_view({"get": "list"})),
    *product,
]
